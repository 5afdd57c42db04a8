/** The classes that implement providers, and where they may be made. */
package io.github.rseq4j.trace.probe;
