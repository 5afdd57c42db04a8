/** The start of the agent. */
package io.github.rseq4j.agent.start;
