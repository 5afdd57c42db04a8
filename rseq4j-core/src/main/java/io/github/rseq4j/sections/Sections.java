package io.github.rseq4j.sections;

import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.ir.Section;
import java.util.List;
import java.util.stream.Stream;

/**
 * All sections that this library emits. What is listed here is listed, simulated and aborted by the tests without
 * further work; what is not listed is refused by the engine.
 */
public final class Sections {
    private static final List<Chain> ALL = Stream.concat(Stream.of(
            LoadAddStore.ONE,
            LoadAddStore.TWO,
            LoadAddStore.FOUR,
            LoadAddStore.EIGHT,
            LoadCbneAddressStore.CHAIN,
            LoadAddStore.INT,
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
            ArrayRing.PAD), TraceRing.all().stream()).toList();

    private Sections() {}

    /**
     * Tells whether a chain is one of these, or the end of one.
     *
     * @param chain a chain
     */
    public static boolean lists(Chain chain) {
        return ALL.stream().anyMatch(whole -> endsWith(whole, chain));
    }

    /**
     * Tells whether a chain's sections are the last ones of another.
     *
     * @param whole the other
     * @param chain the chain
     */
    public static boolean endsWith(Chain whole, Chain chain) {
        List<Section> sections = whole.sections();
        int length = chain.sections().size();
        return sections.size() >= length
                && sections.subList(sections.size() - length, sections.size()).equals(chain.sections());
    }

    /** Returns every chain. */
    public static List<Chain> all() {
        return ALL;
    }
}
