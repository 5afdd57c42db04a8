/**
 * Benchmarks by subject, each with its peers in the same run, and reports, which print tables. This package has the
 * pieces that they share.
 */
@NullMarked
package io.github.rseq4j.bench;

import org.jspecify.annotations.NullMarked;
