/** The command {@code doctor}. */
package io.github.rseq4j.cli.doctor;
