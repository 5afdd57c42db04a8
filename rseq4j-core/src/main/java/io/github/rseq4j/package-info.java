/** Restartable sequences for the JVM: their availability, and the CPU of the calling thread. */
package io.github.rseq4j;
