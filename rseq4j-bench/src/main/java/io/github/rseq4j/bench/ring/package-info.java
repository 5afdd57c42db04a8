/** Rings beside the queues of other libraries. */
@NullMarked
package io.github.rseq4j.bench.ring;

import org.jspecify.annotations.NullMarked;
