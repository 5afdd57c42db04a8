/** Samples, numbered: the manual. The tests run each and compare its output with its comment. */
package io.github.rseq4j.samples;
