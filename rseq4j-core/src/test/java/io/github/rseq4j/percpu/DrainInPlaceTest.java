package io.github.rseq4j.percpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Handlers get the records of rings and stacks where they lie, each once, on rseq and on the fallback. */
final class DrainInPlaceTest {
    private static final int CALLS = 100_000;

    private static byte[] record(int seed, int length) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) (seed + i * 31);
        }
        return bytes;
    }

    private static byte[] copy(MemorySegment segment, long offset, int length) {
        return segment.asSlice(offset, length).toArray(ValueLayout.JAVA_BYTE);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 7, 8, 9, 63, 255, 4096, 65_536})
    void handsOutEveryLengthFromARing(int length) {
        PerCpuByteRing ring = new PerCpuByteRing(1 << 18, 65_536);
        for (int i = 0; i < 9; i++) {
            byte[] record = record(i, length);
            assertTrue(ring.push(record, 0, length));
            assertEquals(1, ring.drainInPlace((segment, offset, bytes) ->
                    assertArrayEquals(record, copy(segment, offset, bytes))));
        }
        assertEquals(0, ring.usedBytes());
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 7, 8, 9, 63, 255, 4096})
    void handsOutEveryLengthFromAStack(int length) {
        PerCpuByteStack stack = new PerCpuByteStack(1 << 16, 4096);
        assertTrue(stack.push(record(1, length), 0, length));
        List<byte[]> found = new ArrayList<>();
        assertEquals(1, stack.drainInPlace((segment, offset, bytes) -> found.add(copy(segment, offset, bytes))));
        assertArrayEquals(record(1, length), found.getFirst());
        assertTrue(stack.push(record(2, length), 0, length));
        assertEquals(1, stack.stealInPlace((segment, offset, bytes) -> found.add(copy(segment, offset, bytes))));
        assertArrayEquals(record(2, length), found.getLast());
        assertEquals(0, stack.usedBytes());
    }

    @Test
    void handsOutSegmentsThatCannotBeWritten() {
        PerCpuByteRing ring = new PerCpuByteRing(64, 8);
        assertTrue(ring.push(new byte[8], 0, 8));
        assertEquals(1, ring.drainInPlace((segment, _, _) -> assertTrue(segment.isReadOnly())));
        PerCpuByteStack stack = new PerCpuByteStack(64, 8);
        assertTrue(stack.push(new byte[8], 0, 8));
        assertEquals(1, stack.drainInPlace((segment, _, _) -> assertTrue(segment.isReadOnly())));
    }

    @Test
    void aHandlerThatThrowsHasTakenItsRecord() {
        PerCpuByteRing ring = new PerCpuByteRing(1024, 8);
        for (int i = 0; i < 9; i++) {
            assertTrue(ring.push(record(i, 8), 0, 8));
        }
        List<Integer> seen = new ArrayList<>();
        assertThrows(ArithmeticException.class, () -> ring.drainInPlace((segment, offset, _) -> {
            seen.add((int) segment.get(ValueLayout.JAVA_BYTE, offset));
            if (seen.size() == 4) {
                throw new ArithmeticException("the fourth");
            }
        }));
        assertEquals(5 * 16, ring.usedBytes());
        assertEquals(2, ring.drainInPlace((segment, offset, _) ->
                seen.add((int) segment.get(ValueLayout.JAVA_BYTE, offset)), 2));
        assertEquals(3, ring.drain(bytes -> seen.add((int) bytes[0])));
        assertEquals(IntStream.range(0, 9).boxed().toList(), seen.stream().sorted().toList());
        assertEquals(0, ring.usedBytes());
    }

    @Test
    void refusesANegativeMaximumAndAClosedRing() {
        PerCpuByteRing ring = new PerCpuByteRing(64, 8);
        assertThrows(IllegalArgumentException.class, () -> ring.drainInPlace((_, _, _) -> { }, -1));
        assertEquals(0, ring.drainInPlace((_, _, _) -> { }, 0));
        ring.close();
        assertThrows(IllegalStateException.class, () -> ring.drainInPlace((_, _, _) -> { }));
    }

    /** While a handler runs, its record is not freed, and no other drain takes a record of that CPU. */
    @Test
    void skipsARingWhoseHandlerRuns() {
        PerCpuByteRing ring = new PerCpuByteRing(1024, 8);
        assertTrue(ring.push(record(1, 8), 0, 8));
        int[] taken = new int[2];
        int handed = ring.drainInPlace((segment, offset, length) -> {
            taken[0] += ring.drain(_ -> { });
            taken[1] += ring.drainInPlace((_, _, _) -> { });
            assertTrue(ring.usedBytes() >= 16);
            assertArrayEquals(record(1, 8), copy(segment, offset, length));
        });
        assertEquals(1, handed);
        assertEquals(0, taken[0] + taken[1]);
        assertEquals(0, ring.usedBytes());
    }

    @Test
    void aHandlerMayPushAndClose() {
        PerCpuByteRing ring = new PerCpuByteRing(1024, 8);
        assertTrue(ring.push(record(1, 8), 0, 8));
        int first = ring.drainInPlace((_, _, _) -> assertTrue(ring.push(record(2, 8), 0, 8)), 1);
        assertEquals(1, first);
        assertEquals(1, ring.drainInPlace((_, _, _) -> ring.close()));
        assertEquals(0, ring.usedBytes());
    }

    @Test
    void pushesContinueWhileAHandlerWaits() throws InterruptedException {
        PerCpuByteRing ring = new PerCpuByteRing(1024, 8);
        assertTrue(ring.push(record(1, 8), 0, 8));
        CountDownLatch handled = new CountDownLatch(1);
        CountDownLatch pushed = new CountDownLatch(1);
        Thread drainer = Thread.ofPlatform().start(() -> ring.drainInPlace((_, _, _) -> {
            handled.countDown();
            try {
                pushed.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }));
        handled.await();
        assertTrue(ring.push(record(2, 8), 0, 8));
        pushed.countDown();
        drainer.join();
        assertEquals(1, ring.drain(_ -> { }));
    }

    /** Drainers of both kinds, while producers push: each record is handed out once, and whole. */
    @Test
    void handsEachRecordToOneDrainer() throws InterruptedException {
        PerCpuByteRing ring = new PerCpuByteRing(2048, 64);
        int producers = 4;
        int each = 20_000;
        AtomicIntegerArray seen = new AtomicIntegerArray(producers * each);
        AtomicInteger running = new AtomicInteger(producers);
        Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
        List<Thread> threads = new ArrayList<>();
        for (int p = 0; p < producers; p++) {
            int producer = p;
            threads.add(start(failures, () -> {
                try {
                    for (int i = 0; i < each; i++) {
                        pushNumber(ring, producer * each + i, failures);
                    }
                } finally {
                    running.decrementAndGet();
                }
            }));
        }
        for (int d = 0; d < 3; d++) {
            boolean isInPlace = d != 0;
            threads.add(start(failures, () -> {
                boolean ended = false;
                while (!ended) {
                    ended = running.get() == 0;
                    if (isInPlace) {
                        ring.drainInPlace((segment, offset, length) -> see(seen, segment, offset, length), 50);
                    } else {
                        ring.drain(bytes -> see(seen, MemorySegment.ofArray(bytes), 0, bytes.length), 50);
                    }
                }
            }));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        ring.drainInPlace((segment, offset, length) -> see(seen, segment, offset, length));
        assertEquals(List.of(), List.copyOf(failures));
        for (int i = 0; i < seen.length(); i++) {
            assertEquals(1, seen.get(i), "record " + i);
        }
        assertEquals(0, ring.usedBytes());
    }

    private static Thread start(Queue<Throwable> failures, Runnable body) {
        return Thread.ofPlatform().start(() -> {
            try {
                body.run();
            } catch (Throwable t) {
                failures.add(t);
            }
        });
    }

    private static void pushNumber(PerCpuByteRing ring, int number, Queue<Throwable> failures) {
        byte[] bytes = record(number, 4 + number % 61);
        MemorySegment.ofArray(bytes).set(ValueLayout.JAVA_INT_UNALIGNED, 0, number);
        while (!ring.push(bytes, 0, bytes.length) && failures.isEmpty()) {
            Thread.onSpinWait();
        }
    }

    private static void see(AtomicIntegerArray seen, MemorySegment segment, long offset, int length) {
        int number = segment.get(ValueLayout.JAVA_INT_UNALIGNED, offset);
        assertEquals(4 + number % 61, length);
        for (int i = 4; i < length; i++) {
            assertEquals((byte) (number + i * 31), segment.get(ValueLayout.JAVA_BYTE, offset + i), "torn");
        }
        assertEquals(1, seen.incrementAndGet(number), "drained twice: " + number);
    }

    @Test
    void allocatesNothingForARecord() {
        PerCpuByteRing ring = new PerCpuByteRing(4096, 64);
        MemorySegment record = MemorySegment.ofArray(record(1, 40));
        long[] sum = new long[1];
        RecordHandler handler = (segment, offset, length) ->
                sum[0] += segment.get(ValueLayout.JAVA_BYTE, offset) + length;
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long perRecord = Long.MAX_VALUE;
        for (int round = 0; round < 400 && perRecord > 0; round++) {
            long before = threads.getCurrentThreadAllocatedBytes();
            int drained = 0;
            while (drained < CALLS) {
                if (!ring.push(record)) {
                    drained += ring.drainInPlace(handler);
                }
            }
            // A drain allocates some objects for tens of records.
            perRecord = (threads.getCurrentThreadAllocatedBytes() - before) / drained;
        }
        assertTrue(perRecord < 8, "bytes a record: " + perRecord);
        assertFalse(sum[0] == 0, "records were drained");
    }
}
