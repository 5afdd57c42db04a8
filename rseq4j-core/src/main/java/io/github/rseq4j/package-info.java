/** Restartable sequences for the JVM: what this JVM has of them, and where the calling thread runs. */
package io.github.rseq4j;
