/** Benchmarks of pools, and of Jackson with each of its pools. */
@NullMarked
package io.github.rseq4j.bench.pool;

import org.jspecify.annotations.NullMarked;
