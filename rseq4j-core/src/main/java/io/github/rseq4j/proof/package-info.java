/** Proves that a section tolerates aborts: in a simulation at every step, and by the kernel at every instruction. */
package io.github.rseq4j.proof;
