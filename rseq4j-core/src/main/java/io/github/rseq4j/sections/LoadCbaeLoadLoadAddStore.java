package io.github.rseq4j.sections;

import static io.github.rseq4j.ir.Operand.arg;
import static io.github.rseq4j.ir.Operand.temp;

import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.ir.Mem;
import io.github.rseq4j.ir.Section;
import io.github.rseq4j.ir.Step;
import io.github.rseq4j.ir.Step.CommitAdd;
import io.github.rseq4j.ir.Step.ExitIf;
import io.github.rseq4j.ir.Step.Load;
import io.github.rseq4j.ir.Width;
import io.github.rseq4j.section.Condition;
import io.github.rseq4j.section.Order;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * {@code load_cbae_load_load_add_store}: adds the numbers of an array to several neighbouring cells, which another
 * array selects.
 *
 * <pre>
 *   load_cbae_load_load_add_store_relaxed_x2(cells, numbers, deltas, limit):
 *     exit 0 if numbers[1] >= limit (unsigned)
 *     number = numbers[0]
 *     exit 0 if number >= limit (unsigned)
 *     delta = deltas[0]
 *     commit cells[index][number] += delta
 *     number = numbers[1]
 *     exit 0 if number >= limit (unsigned)
 *     delta = deltas[1]
 *     commit cells[index][number] += delta
 * </pre>
 *
 * The arrays are ordinary addresses: numbers are ints, deltas are longs. The first section checks all numbers, so that
 * nothing is added if one is out of range. Each section checks its own number again, because another thread may have
 * changed the array.
 */
public final class LoadCbaeLoadLoadAddStore {
    /** The exit of a number that is not below the limit. */
    public static final int EXIT_BEYOND = 0;

    private static final String NAME = "load_cbae_load_load_add_store_relaxed";
    private static final List<Chain> ALL = IntStream
            .rangeClosed(LoadLoadAddStore.MIN_CELLS, LoadLoadAddStore.MAX_CELLS)
            .mapToObj(LoadCbaeLoadLoadAddStore::chain)
            .toList();

    private LoadCbaeLoadLoadAddStore() {}

    private static Chain chain(int cells) {
        List<Section> sections = new ArrayList<>();
        for (int i = 0; i < cells; i++) {
            List<Step> steps = new ArrayList<>();
            for (int k = i == 0 ? 1 : cells; k < cells; k++) {
                addCheck(steps, k);
            }
            addCheck(steps, i);
            steps.add(new Load(temp(1), Mem.at(arg(2), i * Long.BYTES), Width.LONG));
            steps.add(new CommitAdd(Mem.element(arg(0), 0, temp(0), Long.BYTES), temp(1), Width.LONG, Order.RELAXED));
            sections.add(new Section(NAME, steps, null));
        }
        return new Chain(NAME + "_x" + cells, 4, Chain.DEFAULT_RESTARTS, sections);
    }

    private static void addCheck(List<Step> steps, int i) {
        steps.add(new Load(temp(0), Mem.at(arg(1), i * Integer.BYTES), Width.INT));
        steps.add(new ExitIf(Condition.ABOVE_OR_EQUAL, temp(0), arg(3), Width.LONG, EXIT_BEYOND));
    }

    /**
     * Returns the function that adds to a number of cells. It takes the first cell's address at index 0, the addresses
     * of both arrays, and the limit.
     *
     * @param cells the number of cells, {@link LoadLoadAddStore#MIN_CELLS} to {@link LoadLoadAddStore#MAX_CELLS}
     */
    public static Chain of(int cells) {
        return ALL.get(cells - LoadLoadAddStore.MIN_CELLS);
    }
}
