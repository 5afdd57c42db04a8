/** Structures, constants and calls of the kernel, in the kernel's own spelling. */
package io.github.rseq4j.kernel;
