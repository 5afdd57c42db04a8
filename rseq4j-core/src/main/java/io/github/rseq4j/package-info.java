/**
 * Restartable sequences for the JVM: their availability, and the CPU of the calling thread.
 *
 * @since 0.1.0
 */
package io.github.rseq4j;
