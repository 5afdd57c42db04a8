/** Another process: its files in /proc, its threads' registrations, and what it has loaded. */
package io.github.rseq4j.cli.process;
