/** Finds the owner of the threads' rseq areas, and proves it. */
package io.github.rseq4j.registration;
