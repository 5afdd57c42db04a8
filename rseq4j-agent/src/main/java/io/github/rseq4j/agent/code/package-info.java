/** The instrumentation of class files. */
package io.github.rseq4j.agent.code;
