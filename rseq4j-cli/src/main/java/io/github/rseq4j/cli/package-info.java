/** The command line: it names the commands, and runs one of them. */
package io.github.rseq4j.cli;
