package io.github.rseq4j.sections;

import static io.github.rseq4j.ir.Operand.arg;
import static io.github.rseq4j.ir.Operand.temp;

import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.ir.Mem;
import io.github.rseq4j.ir.Section;
import io.github.rseq4j.ir.Step.CommitStore;
import io.github.rseq4j.ir.Step.ExitIf;
import io.github.rseq4j.ir.Step.Load;
import io.github.rseq4j.ir.Width;
import io.github.rseq4j.section.Condition;
import io.github.rseq4j.section.Order;
import java.util.List;

/**
 * {@code load_cbne_store}: replaces a word if it has the expected value.
 *
 * <pre>
 *   load_cbne_store_relaxed(v, expect, newv):
 *     exit 0 if v[index] != expect
 *     commit v[index] = newv
 * </pre>
 *
 * No thread can write the word between the comparison and the commit. Other threads can write it between the caller's
 * own read and the comparison, and may have restored the same value. To push to a list, use {@link LoadAddStoreStore}
 * instead of this section in a loop.
 *
 * <p>After librseq's rseq_load_cbne_store__ptr.
 */
public final class LoadCbneStore {
    /** Words of 8 bytes. Arguments: the cell's address at index 0, the expected value, and the new value. */
    public static final Chain RELAXED = chain(Width.LONG);
    /** Words of 4 bytes. */
    public static final Chain RELAXED_INT = chain(Width.INT);

    private LoadCbneStore() {}

    private static Chain chain(Width width) {
        return Chain.of(3, new Section(Names.of("load_cbne_store", Order.RELAXED, width), List.of(
                new Load(temp(0), Mem.cell(arg(0)), width),
                new ExitIf(Condition.NOT_EQUAL, temp(0), arg(1), width, 0),
                new CommitStore(Mem.cell(arg(0)), arg(2), width, Order.RELAXED)), null));
    }
}
