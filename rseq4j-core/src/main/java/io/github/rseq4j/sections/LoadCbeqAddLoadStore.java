package io.github.rseq4j.sections;

import static io.github.rseq4j.ir.Operand.arg;
import static io.github.rseq4j.ir.Operand.temp;

import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.ir.Mem;
import io.github.rseq4j.ir.Operand.Reg;
import io.github.rseq4j.ir.Section;
import io.github.rseq4j.ir.Step.Add;
import io.github.rseq4j.ir.Step.CommitStore;
import io.github.rseq4j.ir.Step.ExitIf;
import io.github.rseq4j.ir.Step.Load;
import io.github.rseq4j.ir.Step.Move;
import io.github.rseq4j.ir.Width;
import io.github.rseq4j.section.Condition;
import io.github.rseq4j.section.Order;
import java.util.List;

/**
 * {@code load_cbeq_add_load_store}: removes the first node of a list, and returns it.
 *
 * <pre>
 *   load_cbeq_add_load_store_relaxed(v, expectnot, voffp):
 *     t = v[index]
 *     exit 0 if t == expectnot
 *     commit v[index] = *(t + voffp)
 *     return t
 *
 *   load_cbeq_add_load_store_relaxed_int(v, expectnot, voffp, base):
 *     the same in words of 4 bytes, but
 *     commit v[index] = *(base + t + voffp)
 * </pre>
 *
 * It is {@link LoadCbeqStoreAddLoadStore} without the store, for callers that use the result. The rules for nodes,
 * bases and lists are the same.
 */
public final class LoadCbeqAddLoadStore {
    /** The cell's address at index 0, what an empty list holds, the next word's offset in a node. */
    public static final Chain RELAXED = chain(Width.LONG);
    /** Words of 4 bytes; the last argument is the base. */
    public static final Chain RELAXED_INT = chain(Width.INT);

    private LoadCbeqAddLoadStore() {}

    private static Chain chain(Width width) {
        boolean isInt = width == Width.INT;
        Reg node = temp(0);
        Reg next = temp(1);
        return Chain.of(isInt ? 4 : 3, new Section(Names.of("load_cbeq_add_load_store", Order.RELAXED, width),
                List.of(new Load(node, Mem.cell(arg(0)), width),
                        new ExitIf(Condition.EQUAL, node, arg(1), width, 0),
                        new Move(next, node),
                        new Add(next, arg(2)),
                        new Load(next, isInt ? new Mem(arg(3), false, next, 1, 0) : Mem.at(next, 0), width),
                        new CommitStore(Mem.cell(arg(0)), next, width, Order.RELAXED)),
                node));
    }
}
