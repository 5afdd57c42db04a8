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
 * {@code load_cbne_store}: replaces a word that is as expected.
 *
 * <pre>
 *   load_cbne_store_relaxed(v, expect, newv):
 *     exit 0 if v[index] != expect
 *     commit v[index] = newv
 * </pre>
 *
 * Between the comparison and the commit nobody can have written the word. Between the caller's own look at it and the
 * comparison anybody can, and may have put the same value back: who pushes to a list by it and a loop rather takes
 * {@link LoadAddStoreStore}.
 *
 * <p>After librseq's rseq_load_cbne_store__ptr.
 */
public final class LoadCbneStore {
    /** Words of 8 bytes: the cell's address at index 0, what it must hold, and what it holds then. */
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
