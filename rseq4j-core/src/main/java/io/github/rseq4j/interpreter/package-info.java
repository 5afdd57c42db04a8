/** Runs sections without machine code: step by step, and as bytecode. */
package io.github.rseq4j.interpreter;
