/** Readers of ELF objects: of files, and of what a process has loaded. */
package io.github.rseq4j.cli.elf;
