/** Probes: Java interfaces whose methods are events of a trace. */
package io.github.rseq4j.trace;
