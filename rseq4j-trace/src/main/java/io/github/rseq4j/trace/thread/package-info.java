/** The threads that record events, and threads of the tracer's own that keep no class loader. */
package io.github.rseq4j.trace.thread;
