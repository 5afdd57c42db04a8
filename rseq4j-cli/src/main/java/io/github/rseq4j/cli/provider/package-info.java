/** The command {@code provider}. */
package io.github.rseq4j.cli.provider;
