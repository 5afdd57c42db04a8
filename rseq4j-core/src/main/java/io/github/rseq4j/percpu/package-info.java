/** Structures that each CPU updates on its own: no atomic instruction, no lock. */
package io.github.rseq4j.percpu;
