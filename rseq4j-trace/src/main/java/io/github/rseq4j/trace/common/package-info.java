/** What all parts of a tracer share: its clock, and what it counts. */
package io.github.rseq4j.trace.common;
