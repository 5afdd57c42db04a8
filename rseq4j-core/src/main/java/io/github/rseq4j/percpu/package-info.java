/**
 * Structures with a copy for each CPU, which threads update without atomic instructions and without locks.
 *
 * @since 0.1.0
 */
package io.github.rseq4j.percpu;
