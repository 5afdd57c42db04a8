/** Compiles the classes that implement providers, and finds the package in which they can be defined. */
package io.github.rseq4j.trace.probe;
