/** The threads that record events, and the tracer's own threads, which keep no class loader reachable. */
package io.github.rseq4j.trace.thread;
