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
import io.github.rseq4j.ir.Step.ExitIf;
import io.github.rseq4j.ir.Step.Load;
import io.github.rseq4j.ir.Step.Move;
import io.github.rseq4j.ir.Step.Store;
import io.github.rseq4j.ir.Width;
import io.github.rseq4j.section.Condition;
import io.github.rseq4j.section.Order;
import java.util.List;

/**
 * {@code load_cbeq_store_add_load_store}: removes the first node of a list, and stores it.
 *
 * <pre>
 *   load_cbeq_store_add_load_store_relaxed(v, expectnot, voffp, load):
 *     t = v[index]
 *     exit 0 if t == expectnot
 *     *load = t
 *     commit v[index] = *(t + voffp)
 *     return t
 *
 *   load_cbeq_store_add_load_store_relaxed_int(v, expectnot, voffp, load, base):
 *     the same in words of 4 bytes, but
 *     commit v[index] = *(base + t + voffp)
 * </pre>
 *
 * The node is both stored and returned. So t must not be negative: an address of user space is not, and 4 bytes are
 * read as an unsigned number. The word at {@code load} is meaningful only after a commit; an aborted run leaves the
 * node that it loaded.
 *
 * <p>A word of 4 bytes cannot hold an address, so a node is then the distance from a base in bytes, 0 to 2^32 - 1.
 *
 * <p>The section follows the node that it loads, so expectnot must be the value of an empty list. It reads the node's
 * next word while the node is on the list of this index. So other threads may remove nodes from that list only with a
 * section at that index, or after a fence (I9).
 *
 * <p>After librseq's rseq_load_cbeq_store_add_load_store__ptr.
 */
public final class LoadCbeqStoreAddLoadStore {
    /** The cell's address at index 0, what an empty list holds, the next word's offset in a node, where t is put. */
    public static final Chain RELAXED = chain(Width.LONG);
    /** Words of 4 bytes; the last argument is the base. */
    public static final Chain RELAXED_INT = chain(Width.INT);

    private LoadCbeqStoreAddLoadStore() {}

    private static Chain chain(Width width) {
        boolean isInt = width == Width.INT;
        Reg node = temp(0);
        Reg next = temp(1);
        return Chain.of(isInt ? 5 : 4, new Section(Names.of("load_cbeq_store_add_load_store", Order.RELAXED, width),
                List.of(new Load(node, Mem.cell(arg(0)), width),
                        new ExitIf(Condition.EQUAL, node, arg(1), width, 0),
                        new Store(Mem.at(arg(3), 0), node, width),
                        new Move(next, node),
                        new Add(next, arg(2)),
                        new Load(next, isInt ? new Mem(arg(4), false, next, 1, 0) : Mem.at(next, 0), width),
                        new CommitStore(Mem.cell(arg(0)), next, width, Order.RELAXED)),
                node, List.of(Assumption.apart(arg(3),
                        "the caller stores to memory of its own, outside of list and cell"))));
    }
}
