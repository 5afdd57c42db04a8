/** What runs sections in this JVM: chosen once, machine code or the fallback. */
package io.github.rseq4j.engine;
