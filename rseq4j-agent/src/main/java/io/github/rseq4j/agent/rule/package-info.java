/**
 * The rules of the agent as data: what is traced and how, their text form, and the matching of classes and methods.
 * The classes of this package are immutable, so any thread may use them. They load no class of the program.
 */
@NullMarked
package io.github.rseq4j.agent.rule;

import org.jspecify.annotations.NullMarked;
