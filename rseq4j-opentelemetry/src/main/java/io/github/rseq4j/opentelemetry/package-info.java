/**
 * A producer of metrics for OpenTelemetry's SDK whose updates do not contend.
 *
 * @since 0.1.0
 */
package io.github.rseq4j.opentelemetry;
