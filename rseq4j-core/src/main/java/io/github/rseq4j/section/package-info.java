/** The builder of a user's own restartable sections. */
package io.github.rseq4j.section;
