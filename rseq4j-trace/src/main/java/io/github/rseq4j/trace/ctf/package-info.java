/**
 * The Common Trace Format 1.8 as tracers write it: {@link io.github.rseq4j.trace.ctf.TraceReader} reads a trace,
 * {@link io.github.rseq4j.trace.ctf.TraceWriter} makes one. Neither needs rseq, Linux, or native access.
 */
package io.github.rseq4j.trace.ctf;
