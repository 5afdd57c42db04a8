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
import java.util.List;
import java.util.stream.IntStream;

/**
 * {@code load_load_load_add_store}: adds the numbers of an array to several cells, whose addresses a table holds.
 *
 * <pre>
 *   load_load_load_add_store_relaxed_x2(table, deltas):
 *     cell = table[0]
 *     delta = deltas[0]
 *     commit cell[index] += delta
 *     cell = table[1]
 *     delta = deltas[1]
 *     commit cell[index] += delta
 * </pre>
 *
 * Table and array are ordinary addresses of longs. {@link LoadLoadAddStore} does the same with the numbers as
 * arguments.
 */
public final class LoadLoadLoadAddStore {
    private static final String NAME = "load_load_load_add_store_relaxed";
    private static final List<Chain> ALL = IntStream
            .rangeClosed(LoadLoadAddStore.MIN_CELLS, LoadLoadAddStore.MAX_CELLS)
            .mapToObj(cells -> new Chain(NAME + "_x" + cells, 2, Chain.DEFAULT_RESTARTS,
                    IntStream.range(0, cells).mapToObj(LoadLoadLoadAddStore::section).toList()))
            .toList();

    private LoadLoadLoadAddStore() {}

    private static Section section(int i) {
        return new Section(NAME, List.of(
                new Load(temp(0), Mem.at(arg(0), i * Long.BYTES), Width.LONG),
                new Load(temp(1), Mem.at(arg(1), i * Long.BYTES), Width.LONG),
                new CommitAdd(Mem.cell(temp(0)), temp(1), Width.LONG, Order.RELAXED)), null);
    }

    /**
     * Returns the function that adds to a number of cells. It takes the table's address and the array's.
     *
     * @param cells the number of cells, {@link LoadLoadAddStore#MIN_CELLS} to {@link LoadLoadAddStore#MAX_CELLS}
     */
    public static Chain of(int cells) {
        return ALL.get(cells - LoadLoadAddStore.MIN_CELLS);
    }
}
