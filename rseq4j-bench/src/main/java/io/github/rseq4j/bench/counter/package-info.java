/** Benchmarks of counters and histograms, with those of the JDK and of HdrHistogram as peers. */
@NullMarked
package io.github.rseq4j.bench.counter;

import org.jspecify.annotations.NullMarked;
