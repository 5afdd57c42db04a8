/**
 * The Common Trace Format, 1.8 and 2, in the form that tracers write.
 * {@link io.github.rseq4j.trace.ctf.TraceReader} reads a trace, and {@link io.github.rseq4j.trace.ctf.TraceWriter}
 * writes one. Neither needs rseq, Linux, or native access.
 *
 * @since 0.1.0
 */
package io.github.rseq4j.trace.ctf;
