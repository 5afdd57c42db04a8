/** Counters and histograms beside the JDK's and HdrHistogram's. */
@NullMarked
package io.github.rseq4j.bench.counter;

import org.jspecify.annotations.NullMarked;
