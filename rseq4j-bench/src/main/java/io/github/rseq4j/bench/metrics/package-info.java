/** Benchmarks of the modules for metrics libraries, with the libraries' own metrics as peers. */
@NullMarked
package io.github.rseq4j.bench.metrics;

import org.jspecify.annotations.NullMarked;
