/** The compiler of the classes that implement providers, and the choice of their package. */
package io.github.rseq4j.trace.probe;
