package io.github.rseq4j.percpu;

import java.util.ArrayList;
import java.util.List;

/** The child JVM of {@link PerCpuItemsKernelTest}: its first structure is a pool. It prints its observations. */
public final class ItemsChild {
    private static final int ITEM_BYTES = 1 << 18;

    private ItemsChild() {}

    /**
     * Runs the child.
     *
     * @param arguments none
     */
    public static void main(String[] arguments) {
        PerCpuItems items = new PerCpuItems(ITEM_BYTES, ItemOptions.defaults().withMaxRanges(1)
                .withTemplate(new byte[] {7}));
        List<Long> held = new ArrayList<>();
        long wrong = 0;
        while (items.stats().ranges() == 0 || items.stats().free() > 0) {
            long item = items.allocate();
            held.add(item);
            wrong += ItemSections.sum(items, item) != 7L * items.copies() ? 1 : 0;
            ItemSections.add(item, 3);
            wrong += ItemSections.sum(items, item) != 7L * items.copies() + 3 ? 1 : 0;
        }
        System.out.println("held=" + held.size());
        System.out.println("wrong=" + wrong);
        held.forEach(items::free);
        try {
            System.out.println("reused=" + ItemSections.sum(items, items.allocate()) / items.copies());
        } catch (RuntimeException e) {
            System.out.println("refused=" + e.getMessage());
        }
    }
}
