package io.github.rseq4j.sections;

import static io.github.rseq4j.ir.Operand.arg;
import static io.github.rseq4j.ir.Operand.temp;

import io.github.rseq4j.ir.Assumption;
import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.ir.Mem;
import io.github.rseq4j.ir.Operand.Reg;
import io.github.rseq4j.ir.Section;
import io.github.rseq4j.ir.Step.Add;
import io.github.rseq4j.ir.Step.CommitStore;
import io.github.rseq4j.ir.Step.Load;
import io.github.rseq4j.ir.Step.Move;
import io.github.rseq4j.ir.Step.Store;
import io.github.rseq4j.ir.Width;
import io.github.rseq4j.section.Order;
import java.util.List;

/**
 * {@code load_add_store_store}: adds a node at the front of a list.
 *
 * <pre>
 *   load_add_store_store_relaxed(v, node, off), load_add_store_store_release:
 *     *(node + off) = v[index]
 *     commit v[index] = node
 *
 *   load_add_store_store_relaxed_int(v, node, off, base), load_add_store_store_release_int:
 *     *(base + node + off) = v[index]        (4 bytes)
 *     commit v[index] = node                 (4 bytes)
 * </pre>
 *
 * Only the caller has the node before the commit, so its next word may be written before the commit, and again by a
 * restart. In words of 4 bytes a node is the distance from the base in bytes, 0 to 2^32 - 1. With release, a thread
 * that finds the node through the cell sees all that was written to it before.
 *
 * <p>librseq has no such operation: its tests push with rseq_load_cbne_store__ptr, in a loop that starts again if the
 * head has changed. Here the section itself loads the head, so no loop is needed.
 */
public final class LoadAddStoreStore {
    /** The cell's address at index 0, the node, the next word's offset in it. */
    public static final Chain RELAXED = chain(Order.RELAXED, Width.LONG);
    /** Words of 4 bytes; the last argument is the base. */
    public static final Chain RELAXED_INT = chain(Order.RELAXED, Width.INT);
    /** The same, with a commit that releases. */
    public static final Chain RELEASE = chain(Order.RELEASE, Width.LONG);
    /** Words of 4 bytes, with a commit that releases; the last argument is the base. */
    public static final Chain RELEASE_INT = chain(Order.RELEASE, Width.INT);

    private LoadAddStoreStore() {}

    private static Chain chain(Order order, Width width) {
        boolean isInt = width == Width.INT;
        Reg next = temp(1);
        return Chain.of(isInt ? 4 : 3, new Section(Names.of("load_add_store_store", order, width), List.of(
                new Load(temp(0), Mem.cell(arg(0)), width),
                new Move(next, arg(1)),
                new Add(next, arg(2)),
                new Store(isInt ? new Mem(arg(3), false, next, 1, 0) : Mem.at(next, 0), temp(0), width),
                new CommitStore(Mem.cell(arg(0)), arg(1), width, order)), null,
                List.of(Assumption.apart(arg(1), "the node is the caller's, and no cell lies in a node"))));
    }
}
