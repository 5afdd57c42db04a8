package io.github.rseq4j.sections;

import static io.github.rseq4j.ir.Operand.arg;

import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.ir.CommitAddPair;
import io.github.rseq4j.ir.Mem;
import io.github.rseq4j.ir.Section;
import io.github.rseq4j.ir.Step.CommitAdd;
import io.github.rseq4j.ir.Width;
import io.github.rseq4j.section.Order;
import java.util.ArrayList;
import java.util.List;

/**
 * {@code load_add_store}: adds to a word, or to a pair of words. It is the section of counters
 * and histograms.
 *
 * <pre>
 *   load_add_store_relaxed(cell, delta):
 *     commit cell[index] += delta
 *
 *   load_add_store_pair_relaxed(pair, delta0, delta1):
 *     commit pair[index] += delta0, delta1
 * </pre>
 *
 * After librseq's rseq_load_add_store__ptr.
 */
public final class LoadAddStore {
    private static final String NAME = "load_add_store_relaxed";

    /** One addition: the cell's address at index 0, and the delta. */
    public static final Chain ONE = Chain.of(2, section(NAME, 0, Width.LONG));
    /** Two additions in one call: cell and delta of each. */
    public static final Chain TWO = chain(2);
    /** Eight additions in one call: cell and delta of each. */
    public static final Chain EIGHT = chain(8);
    /** An addition to two neighbouring words: the first one's address at index 0, and the delta of each. */
    public static final Chain PAIR = Chain.of(3, new Section("load_add_store_pair_relaxed",
            List.of(new CommitAddPair(Mem.cell(arg(0)), arg(1), arg(2))), null));
    /** One addition to a word of 4 bytes. */
    public static final Chain INT = Chain.of(2, section("load_add_store_relaxed_int", 0, Width.INT));

    private LoadAddStore() {}

    private static Section section(String name, int pair, Width width) {
        return new Section(name,
                List.of(new CommitAdd(Mem.cell(arg(2 * pair)), arg(2 * pair + 1), width, Order.RELAXED)), null);
    }

    private static Chain chain(int additions) {
        List<Section> sections = new ArrayList<>();
        for (int i = 0; i < additions; i++) {
            sections.add(section(NAME, i, Width.LONG));
        }
        return new Chain(NAME + "_x" + additions, 2 * additions, Chain.DEFAULT_RESTARTS, sections);
    }
}
