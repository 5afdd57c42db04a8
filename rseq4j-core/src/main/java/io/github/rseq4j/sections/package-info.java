/** The standard sections, each in a file of its own, and the list of them. */
package io.github.rseq4j.sections;
