/** Finds the owner of the threads' rseq areas, and proves that the kernel knows these areas. */
package io.github.rseq4j.registration;
