package io.github.rseq4j.sections;

import static io.github.rseq4j.ir.Operand.arg;
import static io.github.rseq4j.ir.Operand.temp;

import io.github.rseq4j.ir.Assumption;
import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.ir.Mem;
import io.github.rseq4j.ir.Section;
import io.github.rseq4j.ir.Step.CommitStore;
import io.github.rseq4j.ir.Step.ExitIf;
import io.github.rseq4j.ir.Step.Load;
import io.github.rseq4j.ir.Step.Store;
import io.github.rseq4j.ir.Width;
import io.github.rseq4j.section.Condition;
import io.github.rseq4j.section.Order;
import java.util.List;

/**
 * {@code load_cbne_store_store}: writes a second word, and then replaces the first one, if that one has the expected
 * value.
 *
 * <pre>
 *   load_cbne_store_store_relaxed(v, expect, v2, newv2, newv), load_cbne_store_store_release:
 *     exit 0 if v[index] != expect
 *     v2[index] = newv2
 *     commit v[index] = newv
 * </pre>
 *
 * An aborted run may leave newv2 at any index, without a commit there. So the second word must be meaningful only
 * through the first one, for example as an element that a count does not include yet. With release, a thread that sees
 * newv sees newv2.
 *
 * <p>After librseq's rseq_load_cbne_store_store__ptr.
 */
public final class LoadCbneStoreStore {
    /** Arguments: address at index 0, expected value, address and new value of the second word, new value. */
    public static final Chain RELAXED = chain(Order.RELAXED, Width.LONG);
    /** Words of 4 bytes. */
    public static final Chain RELAXED_INT = chain(Order.RELAXED, Width.INT);
    /** Words of 8 bytes, with a commit that releases. */
    public static final Chain RELEASE = chain(Order.RELEASE, Width.LONG);
    /** Words of 4 bytes, with a commit that releases. */
    public static final Chain RELEASE_INT = chain(Order.RELEASE, Width.INT);

    private LoadCbneStoreStore() {}

    private static Chain chain(Order order, Width width) {
        return Chain.of(5, new Section(Names.of("load_cbne_store_store", order, width), List.of(
                new Load(temp(0), Mem.cell(arg(0)), width),
                new ExitIf(Condition.NOT_EQUAL, temp(0), arg(1), width, 0),
                new Store(Mem.cell(arg(2)), arg(3), width),
                new CommitStore(Mem.cell(arg(0)), arg(4), width, order)), null,
                List.of(Assumption.apart(arg(2), "the caller gives two different words"))));
    }
}
