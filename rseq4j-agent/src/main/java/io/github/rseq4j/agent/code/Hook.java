package io.github.rseq4j.agent.code;

/**
 * A method to instrument.
 *
 * @param site the number of its site, which its call sites are linked with
 * @param hasValues whether its ends pass on the arguments, and the result or the exception
 */
public record Hook(int site, boolean hasValues) {}
