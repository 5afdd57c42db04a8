package io.github.rseq4j.sections;

import static io.github.rseq4j.ir.Operand.arg;

import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.ir.CommitAddDouble;
import io.github.rseq4j.ir.Mem;
import io.github.rseq4j.ir.Section;
import io.github.rseq4j.section.Order;
import java.util.List;

/**
 * {@code load_fadd_store}: adds to a double. It is the section of counters of doubles.
 *
 * <pre>
 *   load_fadd_store_relaxed(cell, delta):
 *     commit double cell[index] += delta
 *
 *   load_add_store_load_fadd_store_relaxed(count, times, sum, delta):
 *     commit count[index] += times
 *     commit double sum[index] += delta
 * </pre>
 *
 * The second function has two sections. It is the record of a histogram of doubles: a count, and the sum of the values.
 */
public final class LoadFaddStore {
    private static final String NAME = "load_fadd_store_relaxed";

    /** One addition: the cell's address at index 0, and the bits of the delta. */
    public static final Chain ONE = Chain.of(2, section(0));
    /** An addition to a word, then one to a double: cell and delta of each. */
    public static final Chain COUNTED = new Chain("load_add_store_" + NAME, 4, Chain.DEFAULT_RESTARTS, List.of(
            LoadAddStore.ONE.sections().getFirst(), section(2)));

    private LoadFaddStore() {}

    private static Section section(int first) {
        return new Section(NAME,
                List.of(new CommitAddDouble(Mem.cell(arg(first)), arg(first + 1), Order.RELAXED)), null);
    }
}
