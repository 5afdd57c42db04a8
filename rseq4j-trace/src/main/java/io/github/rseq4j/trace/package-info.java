/**
 * Records events of this process. A program declares interfaces, called providers, and a {@link
 * io.github.rseq4j.trace.Tracer} implements them. Each call of a provider's method records an event.
 *
 * @since 0.1.0
 */
package io.github.rseq4j.trace;
