/** The commands that bring the agent into a running JVM and out of it. */
@NullMarked
package io.github.rseq4j.cli.agent;

import org.jspecify.annotations.NullMarked;
