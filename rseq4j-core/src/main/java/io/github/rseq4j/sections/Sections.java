package io.github.rseq4j.sections;

import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.ir.Section;
import java.util.List;

/**
 * All standard sections. The tests list, simulate and abort each section of this list without further work. The engine
 * refuses a section that is neither in this list nor admitted.
 */
public final class Sections {
    private static final List<Chain> ALL = List.of(
            LoadAddStore.ONE,
            LoadAddStore.TWO,
            LoadAddStore.EIGHT,
            LoadLoadAddStore.of(2), LoadLoadAddStore.of(3), LoadLoadAddStore.of(4), LoadLoadAddStore.of(5),
            LoadLoadAddStore.of(6), LoadLoadAddStore.of(7), LoadLoadAddStore.of(8),
            LoadLoadLoadAddStore.of(2), LoadLoadLoadAddStore.of(3), LoadLoadLoadAddStore.of(4),
            LoadLoadLoadAddStore.of(5), LoadLoadLoadAddStore.of(6), LoadLoadLoadAddStore.of(7),
            LoadLoadLoadAddStore.of(8),
            LoadCbaeLoadLoadAddStore.of(2), LoadCbaeLoadLoadAddStore.of(3), LoadCbaeLoadLoadAddStore.of(4),
            LoadCbaeLoadLoadAddStore.of(5), LoadCbaeLoadLoadAddStore.of(6), LoadCbaeLoadLoadAddStore.of(7),
            LoadCbaeLoadLoadAddStore.of(8),
            LoadCbneAddressStore.CHAIN,
            LoadAddStore.INT,
            LoadAddStore.PAIR,
            TimestampBucketAddPair.CHAIN,
            LoadFaddStore.ONE,
            LoadFaddStore.COUNTED,
            LoadCbneStore.RELAXED,
            LoadCbneStore.RELAXED_INT,
            LoadCbeqStoreAddLoadStore.RELAXED,
            LoadCbeqStoreAddLoadStore.RELAXED_INT,
            LoadCbeqAddLoadStore.RELAXED,
            LoadCbeqAddLoadStore.RELAXED_INT,
            LoadAddStoreStore.RELAXED,
            LoadAddStoreStore.RELAXED_INT,
            LoadAddStoreStore.RELEASE,
            LoadAddStoreStore.RELEASE_INT,
            LoadAddLoadLoadAddStore.RELAXED,
            LoadAddLoadLoadAddStore.RELAXED_INT,
            LoadCbneLoadCbneStore.RELAXED,
            LoadCbneLoadCbneStore.RELAXED_INT,
            LoadCbneStoreStore.RELAXED,
            LoadCbneStoreStore.RELAXED_INT,
            LoadCbneStoreStore.RELEASE,
            LoadCbneStoreStore.RELEASE_INT,
            LoadCbneMemcpyStore.RELAXED,
            LoadCbneMemcpyStore.RELAXED_INT,
            LoadCbneMemcpyStore.RELEASE,
            LoadCbneMemcpyStore.RELEASE_INT,
            DelayLoadAddStore.CHAIN,
            ArrayStack.PUSH,
            ArrayStack.POP,
            ArrayStack.PUSH_BATCH,
            ArrayStack.POP_BATCH,
            ArrayStack.PUSH_RECORD,
            ArrayStack.POP_RECORD,
            ArrayRing.PUSH,
            ArrayRing.PUSH_RECORD,
            ArrayRing.PAD);

    private Sections() {}

    /**
     * Tells whether a chain is a standard one, or the end of one.
     *
     * @param chain a chain
     */
    public static boolean lists(Chain chain) {
        return ALL.stream().anyMatch(whole -> endsWith(whole, chain));
    }

    /**
     * Tells whether a chain's sections are the last ones of another chain.
     *
     * @param whole the other chain
     * @param chain the chain
     */
    public static boolean endsWith(Chain whole, Chain chain) {
        List<Section> sections = whole.sections();
        int length = chain.sections().size();
        return sections.size() >= length
                && sections.subList(sections.size() - length, sections.size()).equals(chain.sections());
    }

    /** Returns all standard chains. */
    public static List<Chain> all() {
        return ALL;
    }
}
