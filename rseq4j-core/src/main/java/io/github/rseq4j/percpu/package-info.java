/**
 * Structures with a copy for each CPU. A thread updates the copy of its CPU without atomic instructions or locks.
 *
 * @since 0.1.0
 */
package io.github.rseq4j.percpu;
