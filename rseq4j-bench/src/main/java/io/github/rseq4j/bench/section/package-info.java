/** Benchmarks of stacks, which use standard sections, and of sections that users build. */
@NullMarked
package io.github.rseq4j.bench.section;

import org.jspecify.annotations.NullMarked;
