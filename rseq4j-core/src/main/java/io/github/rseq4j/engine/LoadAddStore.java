package io.github.rseq4j.engine;

import static io.github.rseq4j.code.Operand.arg;

import io.github.rseq4j.code.Chain;
import io.github.rseq4j.code.Mem;
import io.github.rseq4j.code.Order;
import io.github.rseq4j.code.Section;
import io.github.rseq4j.code.Step.CommitAdd;
import io.github.rseq4j.code.Width;
import java.util.ArrayList;
import java.util.List;

/**
 * {@code load_add_store}: adds to a word, the counter's section.
 *
 * <pre>
 *   load_add_store_relaxed(cell, delta):
 *     commit cell[index] += delta
 * </pre>
 *
 * After librseq's rseq_load_add_store__ptr.
 */
public final class LoadAddStore {
    /** One addition: the cell's address at index 0, and the delta. */
    public static final Chain ONE = Chain.of(2, section(0));
    /** Two additions in one call: cell and delta of each. */
    public static final Chain TWO = chain(2);
    /** Four additions in one call: cell and delta of each. */
    public static final Chain FOUR = chain(4);
    /** Eight additions in one call: cell and delta of each. */
    public static final Chain EIGHT = chain(8);

    private LoadAddStore() {}

    private static Section section(int pair) {
        return new Section("load_add_store_relaxed",
                List.of(new CommitAdd(Mem.cell(arg(2 * pair)), arg(2 * pair + 1), Width.LONG, Order.RELAXED)), null);
    }

    private static Chain chain(int additions) {
        List<Section> sections = new ArrayList<>();
        for (int i = 0; i < additions; i++) {
            sections.add(section(i));
        }
        return new Chain("load_add_store_relaxed_x" + additions, 2 * additions, Chain.DEFAULT_RESTARTS, sections);
    }
}
