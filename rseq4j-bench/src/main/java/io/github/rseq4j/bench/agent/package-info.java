/** Programs that agents instrument, for {@code report.AgentReport}. */
@NullMarked
package io.github.rseq4j.bench.agent;

import org.jspecify.annotations.NullMarked;
