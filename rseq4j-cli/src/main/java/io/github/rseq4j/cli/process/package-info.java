/** Reads another process: its files in /proc, the registrations of its threads, and its loaded objects. */
package io.github.rseq4j.cli.process;
