/** The agent: attaching to a program, and changing what is recorded of it. */
package io.github.rseq4j.agent;
