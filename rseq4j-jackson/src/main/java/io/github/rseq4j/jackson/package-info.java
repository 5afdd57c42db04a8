/**
 * A pool of Jackson's buffers for each CPU.
 *
 * @since 0.1.0
 */
package io.github.rseq4j.jackson;
