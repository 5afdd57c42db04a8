/** Sections as steps, and what is made of them: machine code, its checker and its listing, the simulation, bytecode. */
package io.github.rseq4j.code;
