/** What all commands share: launching, output, tables, printable text, errors of the user. */
package io.github.rseq4j.cli.io;
