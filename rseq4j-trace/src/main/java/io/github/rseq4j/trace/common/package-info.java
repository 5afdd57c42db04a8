/** Classes that all parts of a tracer share: its clock and its counts. */
package io.github.rseq4j.trace.common;
