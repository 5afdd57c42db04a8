/** Structures with a copy for each CPU, which threads update without atomic instructions and without locks. */
package io.github.rseq4j.percpu;
