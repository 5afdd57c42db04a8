/**
 * Traces read and analysed in Java: events, spans, summaries, conversions and a page. {@link Trace} opens the folder of
 * a trace. Everything here reads it once, in the order of time, in memory that does not follow the trace's length.
 */
package io.github.rseq4j.analysis;
