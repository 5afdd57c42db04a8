/** The rings: their memory, the sections that record in them, and the view for readers. */
package io.github.rseq4j.trace.ring;
