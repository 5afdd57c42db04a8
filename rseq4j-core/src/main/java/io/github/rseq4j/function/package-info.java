/** The standard sections as functions that structures call, each linked at its first use. */
package io.github.rseq4j.function;
