/** The command line: it lists the commands and runs one of them. */
package io.github.rseq4j.cli;
