/** The rings: their memory, the functions that record in them, and the view that readers have. */
package io.github.rseq4j.trace.ring;
