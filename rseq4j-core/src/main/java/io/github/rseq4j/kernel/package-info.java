/** Structures, constants and calls of the kernel, under the kernel's names; and raw memory. */
package io.github.rseq4j.kernel;
