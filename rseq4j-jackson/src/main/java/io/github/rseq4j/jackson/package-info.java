/** Keeps Jackson's buffers by CPU. */
package io.github.rseq4j.jackson;
