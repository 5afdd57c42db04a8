/** The arithmetic of histograms: the values that share a bucket. Needs no engine. */
@NullMarked
package io.github.rseq4j.histogram;

import org.jspecify.annotations.NullMarked;
