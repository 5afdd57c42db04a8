/** Reports: programs that measure by turns, in JVMs of their own, and print tables of medians. */
@NullMarked
package io.github.rseq4j.bench.report;

import org.jspecify.annotations.NullMarked;
