/** Reads ELF objects: files, and objects that a process has loaded. */
package io.github.rseq4j.cli.elf;
