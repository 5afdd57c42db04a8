/** Runs sections in this JVM, as machine code or on the fallback; the choice is made once. */
package io.github.rseq4j.engine;
