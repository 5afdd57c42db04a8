/** The standard sections, one file each, and their list. */
package io.github.rseq4j.sections;
