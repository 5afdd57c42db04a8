/** Classes that all parts of a tracer share: the clock and the counts. */
package io.github.rseq4j.trace.common;
