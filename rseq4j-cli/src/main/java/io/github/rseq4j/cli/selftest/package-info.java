/** The command {@code selftest}. */
package io.github.rseq4j.cli.selftest;
