/** Benchmarks: each peer beside ours, in one run. */
@NullMarked
package io.github.rseq4j.bench;

import org.jspecify.annotations.NullMarked;
