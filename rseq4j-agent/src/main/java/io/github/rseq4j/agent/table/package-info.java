/** The table of traced methods: the agent counts in it, and other processes of the same user read it. */
package io.github.rseq4j.agent.table;
