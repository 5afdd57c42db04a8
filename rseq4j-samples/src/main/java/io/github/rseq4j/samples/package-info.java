/** Numbered samples, which are the manual. A test runs each sample and compares its output with its comment. */
package io.github.rseq4j.samples;
