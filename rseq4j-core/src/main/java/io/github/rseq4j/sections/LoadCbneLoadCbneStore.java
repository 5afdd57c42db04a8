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
 * {@code load_cbne_load_cbne_store}: replaces a word if it and a second word have the expected values.
 *
 * <pre>
 *   load_cbne_load_cbne_store_relaxed(v, expect, v2, expect2, newv):
 *     exit 0 if v[index] != expect
 *     exit 1 if v2[index] != expect2
 *     commit v[index] = newv
 * </pre>
 *
 * After librseq's rseq_load_cbne_load_cbne_store__ptr, which does not tell the two exits apart.
 */
public final class LoadCbneLoadCbneStore {
    /** Arguments: address at index 0 and expected value of each word, and the new value of the first one. */
    public static final Chain RELAXED = chain(Width.LONG);
    /** Words of 4 bytes. */
    public static final Chain RELAXED_INT = chain(Width.INT);

    private LoadCbneLoadCbneStore() {}

    private static Chain chain(Width width) {
        return Chain.of(5, new Section(Names.of("load_cbne_load_cbne_store", Order.RELAXED, width), List.of(
                new Load(temp(0), Mem.cell(arg(0)), width),
                new ExitIf(Condition.NOT_EQUAL, temp(0), arg(1), width, 0),
                new Load(temp(0), Mem.cell(arg(2)), width),
                new ExitIf(Condition.NOT_EQUAL, temp(0), arg(3), width, 1),
                new CommitStore(Mem.cell(arg(0)), arg(4), width, Order.RELAXED)), null));
    }
}
