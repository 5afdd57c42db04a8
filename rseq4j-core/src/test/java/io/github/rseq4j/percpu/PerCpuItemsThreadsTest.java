package io.github.rseq4j.percpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.engine.NativeEngine;
import java.lang.invoke.MethodHandle;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** No write of an old use appears in a reused item, even while other threads run sections (I8, I9). */
final class PerCpuItemsThreadsTest {
    private static final int ITEM_BYTES = 4096;
    /** Some 10 microseconds between loading the item's address and the commit. */
    private static final long DWELL_ITERATIONS = 1 << 15;
    private static final long LOOK_NANOS = 40_000;
    private static final long USE_NANOS = 2_000_000;
    private static final long REST_NANOS = 5_000;
    private static final int ROUNDS = 500;
    private static final long BOUND_NANOS = 10_000_000_000L;

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aSectionThatLoadedAnItemBeforeItWasFreedDoesNotWriteToTheNextOne(boolean robust) throws InterruptedException {
        ItemOptions options = ItemOptions.defaults().withMaxRanges(1).withRobust(robust);
        try (PerCpuItems items = new PerCpuItems(ITEM_BYTES, options); PerCpuItems pointers = new PerCpuItems(8)) {
            List<Long> rest = new ArrayList<>();
            // The pool has one item left, so it is reused at once.
            while (items.stats().ranges() == 0 || items.stats().free() > 1) {
                rest.add(items.allocate());
            }
            long pointer = pointers.allocate();
            MethodHandle section = ItemSections.handle(ItemSections.LOAD_DELAY_ADD);
            List<Thread> threads = new ArrayList<>();
            int used = 0;
            long useNanos = USE_NANOS;
            try {
                // Only as many threads as run next to this one: a preempted section is aborted even without a fence.
                for (int i = 0; i < Math.clamp(Runtime.getRuntime().availableProcessors() - 1, 1, 3); i++) {
                    threads.add(Thread.ofPlatform().start(() -> work(section, pointer)));
                }
                for (long from = System.nanoTime(); used < ROUNDS && System.nanoTime() - from < BOUND_NANOS;) {
                    boolean isUsed = oneUse(items, pointers, pointer, useNanos);
                    used += isUsed ? 1 : 0;
                    // An emulator may let the other threads run much later.
                    useNanos = isUsed ? USE_NANOS : Math.min(2 * useNanos, BOUND_NANOS);
                }
            } finally {
                for (Thread thread : threads) {
                    thread.interrupt();
                    thread.join();
                }
            }
            assertTrue(used > 0, "sections found the item while it was in use");
            rest.forEach(items::free);
        }
    }

    private static void work(MethodHandle section, long pointer) {
        if (Engine.get() instanceof NativeEngine engine) {
            engine.join();
        }
        while (!Thread.currentThread().isInterrupted()) {
            ItemSections.call(section, pointer, DWELL_ITERATIONS);
        }
    }

    /** Returns whether a section used the item. */
    private static boolean oneUse(PerCpuItems items, PerCpuItems pointers, long pointer, long useNanos) {
        long item = items.allocate();
        for (long from = System.nanoTime(); System.nanoTime() - from < LOOK_NANOS;) {
            assertEquals(0, ItemSections.sum(items, item), "no section can find the item yet");
        }
        pointers.putLong(pointer, 0, 0, item);
        boolean used = false;
        for (long from = System.nanoTime(); !used && System.nanoTime() - from < useNanos;) {
            used = ItemSections.sum(items, item) > 0;
        }
        // A thread that has committed begins the next section, and is inside it when the item is freed.
        for (long from = System.nanoTime(); System.nanoTime() - from < REST_NANOS;) {
            Thread.onSpinWait();
        }
        pointers.putLong(pointer, 0, 0, 0);
        items.free(item);
        return used;
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void everyUseOfAnItemCountsFromZeroWhileOthersFreeAndAllocate(boolean virtual) throws InterruptedException {
        AtomicLong wrong = new AtomicLong();
        try (PerCpuItems items = new PerCpuItems(24, ItemOptions.defaults().withMaxRanges(1))) {
            List<Thread> threads = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                int additions = 50 + i;
                Runnable body = () -> {
                    for (int round = 0; round < 2000; round++) {
                        long item = items.allocate();
                        for (int k = 0; k < additions; k++) {
                            ItemSections.add(item, 1);
                        }
                        wrong.addAndGet(ItemSections.sum(items, item) == additions ? 0 : 1);
                        items.free(item);
                    }
                };
                threads.add(virtual ? Thread.ofVirtual().start(body) : Thread.ofPlatform().start(body));
            }
            for (Thread thread : threads) {
                thread.join();
            }
            assertEquals(0, wrong.get());
            assertEquals(0, items.stats().allocated());
        }
    }

    @Test
    void aPoolOfReleasedRangesHasNewItems() {
        for (int round = 0; round < 20; round++) {
            ItemOptions options = ItemOptions.defaults().withTemplate(new byte[round % 3]);
            PerCpuItems items = new PerCpuItems(ITEM_BYTES, options);
            for (int i = 0; i < 10; i++) {
                long item = items.allocate();
                assertEquals(0, ItemSections.sum(items, item));
                for (int index = 0; index < items.copies(); index++) {
                    items.putLong(item, index, 0, 1);
                }
            }
            items.close();
        }
    }
}
