package io.github.rseq4j.percpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.memory.Cells;
import io.github.rseq4j.memory.MemoryProbe;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A closed large structure releases its memory, reports that it is closed, and does not harm concurrent users. */
final class ClosedStructuresTest {
    private static final int LARGE = 1 << 16;

    /**
     * A kind of structure.
     *
     * @param name its name
     * @param closeable the structure
     * @param use puts an element into the structure, and returns whether there was room
     * @param uses the calls that throw after the close
     * @param size the number of elements
     */
    record Kind(String name, AutoCloseable closeable, Use use, List<Runnable> uses, LongSupplier size) {
        @Override
        public String toString() {
            return name;
        }
    }

    private interface Use {
        boolean put(int value);
    }

    static Stream<Supplier<Kind>> kinds() {
        return Stream.of(ClosedStructuresTest::ring, ClosedStructuresTest::byteRing, ClosedStructuresTest::stack,
                ClosedStructuresTest::byteStack, ClosedStructuresTest::histogram, ClosedStructuresTest::counters);
    }

    private static Kind ring() {
        PerCpuRing ring = new PerCpuRing(LARGE);
        return new Kind("PerCpuRing", ring, ring::push, List.of(() -> ring.push(1), () -> ring.drain(_ -> { })),
                ring::size);
    }

    private static Kind byteRing() {
        PerCpuByteRing ring = new PerCpuByteRing(8 * LARGE, 64);
        byte[] record = new byte[64];
        record[0] = 1;
        return new Kind("PerCpuByteRing", ring, _ -> ring.push(record, 0, 64), List.of(() -> ring.push(record, 0, 1),
                () -> ring.drain(_ -> { }), () -> ring.drain(new byte[64], (_, _) -> { })), ring::usedBytes);
    }

    private static Kind stack() {
        PerCpuStack stack = new PerCpuStack(LARGE / 2);
        return new Kind("PerCpuStack", stack, stack::push, List.of(() -> stack.push(1), () -> stack.pop(0),
                () -> stack.pushAll(new long[2], 0, 2), () -> stack.popAll(new long[2], 0, 2),
                () -> stack.drain(_ -> { }), () -> stack.steal(_ -> { }), () -> stack.resize(8)), stack::size);
    }

    private static Kind byteStack() {
        PerCpuByteStack stack = new PerCpuByteStack(4 * LARGE, 64);
        byte[] record = new byte[64];
        return new Kind("PerCpuByteStack", stack, _ -> stack.push(record, 0, 64), List.of(
                () -> stack.push(record, 0, 1), () -> stack.pop(record, 0), () -> stack.drain(_ -> { }),
                () -> stack.steal(_ -> { }), () -> stack.resize(4096)), stack::usedBytes);
    }

    private static Kind histogram() {
        PerCpuHistogram histogram = new PerCpuHistogram(Long.MAX_VALUE, 10);
        return new Kind("PerCpuHistogram", histogram, value -> {
            histogram.record(value * 65_537L << value % 20);
            return value < LARGE;
        }, List.of(() -> histogram.record(1), () -> histogram.record(1, 2), histogram::snapshot,
                histogram::snapshotThenReset, histogram::reset), () -> 0);
    }

    private static Kind counters() {
        PerCpuCounters counters = new PerCpuCounters(LARGE);
        FusedCounters one = counters.fused(0);
        FusedCounters three = counters.fused(0, 1, 2);
        return new Kind("PerCpuCounters", counters, value -> {
            counters.increment(value % LARGE);
            return value < LARGE;
        }, List.of(() -> counters.increment(0), () -> three.add(1, 1, 1), () -> one.add(1),
                () -> three.add(new long[3]), () -> counters.fused(0), () -> counters.sum(0), counters::sums,
                () -> counters.add(new int[1], new long[1]), () -> counters.sumThenReset(0)), () -> 0);
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void releasesItsMemoryAndReportsThatItIsClosed(Supplier<Kind> made) throws Exception {
        Kind kind = made.get();
        for (int i = 0; kind.use.put(i); i++) { }
        long before = MemoryProbe.populatedBytes(Cells.get());
        kind.closeable.close();
        long after = MemoryProbe.populatedBytes(Cells.get());
        assertTrue(before - after >= 128 << 10, kind + ": before=" + before + ", after=" + after);
        kind.closeable.close();
        for (Runnable use : kind.uses) {
            String message = assertThrows(IllegalStateException.class, use::run, kind.name).getMessage();
            assertTrue(String.valueOf(message).contains("closed"), message);
        }
        assertEquals(0, kind.size.getAsLong());
        assertTrue(kind.closeable.toString().length() > 0);
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void aCloseDoesNotHarmConcurrentUsers(Supplier<Kind> made) throws Exception {
        Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
        for (int round = 0; round < 50; round++) {
            Kind kind = made.get();
            CountDownLatch used = new CountDownLatch(1);
            List<Thread> threads = Stream.of(kind.uses.get(0), kind.uses.get(1), kind.uses.get(0))
                    .map(use -> Thread.ofPlatform().start(() -> {
                        try {
                            while (true) {
                                use.run();
                                used.countDown();
                            }
                        } catch (IllegalStateException e) {
                            used.countDown();
                        } catch (Throwable t) {
                            failures.add(t);
                            used.countDown();
                        }
                    })).toList();
            used.await();
            kind.closeable.close();
            for (Thread thread : threads) {
                thread.join();
            }
            assertEquals(List.of(), List.copyOf(failures), kind.name);
        }
    }

    @Test
    void aConsumerMayCloseTheRingThatItDrains() {
        PerCpuRing ring = new PerCpuRing(64);
        for (int i = 1; i <= 10; i++) {
            ring.push(i);
        }
        int handed = ring.drain(value -> {
            assertTrue(value > 0);
            ring.close();
        });
        assertEquals(1, handed);
    }

    @Test
    void aConsumerMayCloseTheStackThatItDrains() {
        PerCpuStack stack = new PerCpuStack(64);
        for (int i = 1; i <= 10; i++) {
            stack.push(i);
        }
        assertEquals(10, stack.drain(_ -> stack.close()));
    }
}
