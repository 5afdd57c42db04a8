/** The standard sections, one file each, and the engine that runs them. */
package io.github.rseq4j.engine;
