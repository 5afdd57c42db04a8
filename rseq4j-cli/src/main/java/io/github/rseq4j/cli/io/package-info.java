/** Classes that all commands share: launching, output, files, tables, errors of the user. */
package io.github.rseq4j.cli.io;
