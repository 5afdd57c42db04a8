/** Runs sections in this JVM, by machine code or by the fallback; the choice is made once. */
package io.github.rseq4j.engine;
