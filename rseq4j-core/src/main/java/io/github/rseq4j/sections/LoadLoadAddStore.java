package io.github.rseq4j.sections;

import static io.github.rseq4j.ir.Operand.arg;
import static io.github.rseq4j.ir.Operand.temp;

import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.ir.Mem;
import io.github.rseq4j.ir.Section;
import io.github.rseq4j.ir.Step.CommitAdd;
import io.github.rseq4j.ir.Step.Load;
import io.github.rseq4j.ir.Width;
import io.github.rseq4j.section.Order;
import java.util.ArrayList;
import java.util.List;

/**
 * {@code load_load_add_store}: adds to several cells, whose addresses a table holds.
 *
 * <pre>
 *   load_load_add_store_relaxed_x2(table, delta0, delta1):
 *     cell = table[0]
 *     commit cell[index] += delta0
 *     cell = table[1]
 *     commit cell[index] += delta1
 * </pre>
 *
 * The table is an ordinary address. Its memory is not written while a function may run. A function takes the table and
 * one delta for each cell, so five cells need six arguments, which are all in registers. {@link LoadAddStore} takes an
 * address and a delta for each cell, and passes most of them on the stack.
 */
public final class LoadLoadAddStore {
    /** The fewest cells of a function. */
    public static final int MIN_CELLS = 2;
    /** The most cells of a function. */
    public static final int MAX_CELLS = Chain.MAX_SECTIONS;

    private static final String NAME = "load_load_add_store_relaxed";
    private static final List<Chain> ALL = chains();

    private LoadLoadAddStore() {}

    private static List<Chain> chains() {
        List<Chain> chains = new ArrayList<>();
        for (int cells = MIN_CELLS; cells <= MAX_CELLS; cells++) {
            List<Section> sections = new ArrayList<>();
            for (int i = 0; i < cells; i++) {
                sections.add(new Section(NAME, List.of(
                        new Load(temp(0), Mem.at(arg(0), i * Long.BYTES), Width.LONG),
                        new CommitAdd(Mem.cell(temp(0)), arg(1 + i), Width.LONG, Order.RELAXED)), null));
            }
            chains.add(new Chain(NAME + "_x" + cells, 1 + cells, Chain.DEFAULT_RESTARTS, sections));
        }
        return List.copyOf(chains);
    }

    /**
     * Returns the function that adds to a number of cells. It takes the table's address and a delta for each cell.
     *
     * @param cells the number of cells, {@link #MIN_CELLS} to {@link #MAX_CELLS}
     */
    public static Chain of(int cells) {
        return ALL.get(cells - MIN_CELLS);
    }
}
