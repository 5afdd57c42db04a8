/** Compiles steps to machine code: compiler, assemblers, checker, code memory, listing. */
package io.github.rseq4j.machine;
