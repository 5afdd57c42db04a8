/** The command bench: families of operations beside their peers, in turns, with ratios, goals and verdicts. */
@NullMarked
package io.github.rseq4j.bench.suite;

import org.jspecify.annotations.NullMarked;
