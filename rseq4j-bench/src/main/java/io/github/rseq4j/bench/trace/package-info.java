/** Benchmarks of events: of the tracer, of JFR, and of handlers of java.util.logging. */
@NullMarked
package io.github.rseq4j.bench.trace;

import org.jspecify.annotations.NullMarked;
