/** The command line: one class a command. */
package io.github.rseq4j.cli;
