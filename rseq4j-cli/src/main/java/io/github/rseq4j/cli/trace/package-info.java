/** The command {@code trace} and its subcommands. */
package io.github.rseq4j.cli.trace;
