/**
 * Bridges from logging to traces. Log messages are events of the trace, in order with the other events of the program.
 * {@link io.github.rseq4j.trace.logging.TraceLogHandler} is for java.util.logging, and needs the module java.logging.
 * {@link io.github.rseq4j.trace.logging.TraceLoggerFinder} is for System.Logger, and needs no further module.
 *
 * @since 0.1.0
 */
package io.github.rseq4j.trace.logging;
