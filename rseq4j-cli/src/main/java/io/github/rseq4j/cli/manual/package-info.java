/** Man pages and the shell completion, written from the model of the command line. */
package io.github.rseq4j.cli.manual;
