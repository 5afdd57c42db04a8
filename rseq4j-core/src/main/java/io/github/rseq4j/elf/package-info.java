/** Writes ELF shared objects. */
package io.github.rseq4j.elf;
