/** Pools of objects, and Jackson on them. */
@NullMarked
package io.github.rseq4j.bench.pool;

import org.jspecify.annotations.NullMarked;
