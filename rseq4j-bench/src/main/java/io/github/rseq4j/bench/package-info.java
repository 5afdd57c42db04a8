/**
 * The parts that benchmarks and reports share. A benchmark measures a subject and its peers in the same run. A report
 * prints tables.
 */
@NullMarked
package io.github.rseq4j.bench;

import org.jspecify.annotations.NullMarked;
