/** Shared by all commands: launching, output, files, tables, errors of the user. */
package io.github.rseq4j.cli.io;
