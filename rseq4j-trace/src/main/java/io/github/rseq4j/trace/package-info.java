/**
 * Records events of this process. A {@link io.github.rseq4j.trace.Tracer} implements interfaces of the program, called
 * providers; each call of a method of a provider records an event.
 *
 * @since 0.1.0
 */
package io.github.rseq4j.trace;
