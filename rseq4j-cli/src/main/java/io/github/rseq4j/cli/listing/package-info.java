/** The command {@code listing}. */
package io.github.rseq4j.cli.listing;
