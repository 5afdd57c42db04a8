/**
 * Bridges from logging to traces: what a program logs is in its trace, between its events and on the thread that logged
 * it. {@link io.github.rseq4j.trace.logging.TraceLogHandler} serves java.util.logging, and needs the module
 * java.logging; {@link io.github.rseq4j.trace.logging.TraceLoggerFinder} serves System.Logger, and needs none.
 */
package io.github.rseq4j.trace.logging;
