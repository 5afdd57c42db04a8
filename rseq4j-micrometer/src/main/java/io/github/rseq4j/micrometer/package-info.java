/**
 * Meters for Micrometer whose updates do not contend.
 *
 * @since 0.1.0
 */
package io.github.rseq4j.micrometer;
