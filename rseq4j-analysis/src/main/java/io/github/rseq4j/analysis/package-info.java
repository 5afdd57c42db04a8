/**
 * Reads and analyses traces in Java: events, spans, summaries, conversions, and a page of HTML. Begin with
 * {@link Trace}, which opens the folder of a trace.
 *
 * <p>All classes read a trace once, in the order of time. The memory that they use does not grow with the length of the
 * trace. They need neither rseq nor the traced process, and run on every system. No argument may be null unless a
 * method says so.
 *
 * @since 0.1.0
 */
package io.github.rseq4j.analysis;
