/** The arithmetic of histograms: the values that share a bucket. Needs no engine. */
package io.github.rseq4j.histogram;
