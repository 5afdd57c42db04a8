package io.github.rseq4j.percpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.github.rseq4j.testing.Crowd;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Records of bytes are drained whole, once and in their CPU's order, under concurrent operations. */
final class PerCpuByteRingTest {
    private static final int CALLS = 200_000;
    private static final int HEADER_BYTES = 12;

    /** A record whose bytes follow from its first byte, which detects a mix of two records. */
    private static byte[] record(int seed, int length) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) (seed + i * 31);
        }
        return bytes;
    }

    private static List<byte[]> drained(PerCpuByteRing ring) {
        List<byte[]> records = new ArrayList<>();
        ring.drain(records::add);
        return records;
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 7, 8, 9, 15, 16, 17, 63, 64, 65, 255, 4096, 65_528, 65_535, 65_536})
    void returnsRecordsOfEveryLengthInBothForms(int length) {
        PerCpuByteRing ring = new PerCpuByteRing(1 << 18, 65_536);
        byte[] framed = new byte[length + 5];
        System.arraycopy(record(length, length), 0, framed, 3, length);
        byte[] buffer = new byte[65_537];
        // More rounds than the ring has room for records of 64 KiB: the ring wraps around.
        for (int i = 0; i < 9; i++) {
            assertTrue(ring.push(framed, 3, length));
            List<byte[]> found = drained(ring);
            assertEquals(1, found.size());
            assertArrayEquals(record(length, length), found.getFirst());
            assertTrue(ring.push(framed, 3, length));
            buffer[length] = 77;
            assertEquals(1, ring.drain(buffer, (bytes, there) -> {
                assertEquals(length, there);
                assertArrayEquals(record(length, length), Arrays.copyOf(bytes, there));
                assertEquals(77, bytes[there], "no byte after the record is written");
            }));
        }
        assertEquals(0, ring.usedBytes());
    }

    /** Each length at each position of a ring of 64 bytes: with every kind of padding, and without. */
    @Test
    void wrapsAroundAtEveryPositionWithEveryLength() {
        for (int length = 0; length <= 56; length++) {
            PerCpuByteRing ring = new PerCpuByteRing(64, 56);
            for (int skipped = 0; skipped < 24; skipped++) {
                assertTrue(ring.push(new byte[0], 0, 0), "one word further");
                assertEquals(1, drained(ring).size());
                // A padded but empty ring may need one more drain, and the thread may migrate.
                int drains = 0;
                while (!ring.push(record(skipped, length), 0, length)) {
                    assertEquals(0, drained(ring).size());
                    assertTrue(drains++ < 100, "length=" + length + " skipped=" + skipped);
                }
                List<byte[]> found = drained(ring);
                assertEquals(1, found.size());
                assertArrayEquals(record(skipped, length), found.getFirst());
                assertEquals(0, ring.usedBytes());
            }
        }
    }

    @Test
    void acceptsARecordOfTheWholeCapacityAfterADrain() {
        PerCpuByteRing ring = new PerCpuByteRing(16, 8);
        for (int i = 0; i < 20; i++) {
            assertTrue(ring.push(new byte[0], 0, 0));
            assertEquals(1, drained(ring).size());
            for (int drains = 0; !ring.push(record(i, 8), 0, 8); drains++) {
                assertTrue(drains < 100, "the drain has freed the padding");
                drained(ring);
            }
            assertArrayEquals(record(i, 8), drained(ring).getFirst());
        }
    }

    @Test
    void takesRecordsFromNativeMemory() {
        PerCpuByteRing ring = new PerCpuByteRing(1024, 16);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment from = arena.allocate(11);
            MemorySegment.copy(record(5, 11), 0, from, ValueLayout.JAVA_BYTE, 0, 11);
            assertTrue(ring.push(from));
            assertArrayEquals(record(5, 11), drained(ring).getFirst());
            assertThrows(IllegalArgumentException.class, () -> ring.push(arena.allocate(17)));
        }
    }

    @Test
    void returnsFalseWhenFullAndNoRecordWhenEmpty() {
        PerCpuByteRing ring = new PerCpuByteRing(64, 24);
        assertEquals(List.of(), drained(ring));
        int pushed = 0;
        while (ring.push(record(pushed, 24), 0, 24)) {
            pushed++;
        }
        assertTrue(pushed >= 2, "two records of 32 bytes fit: " + pushed);
        assertTrue(IntStream.of(ring.usedBytesByIndex()).allMatch(used -> used <= 64));
        assertEquals(32L * pushed, ring.usedBytes());
        assertEquals("PerCpuByteRing[usedBytes=" + 32 * pushed + ", capacityBytes=64, maxRecordBytes=24]",
                ring.toString());
        List<Integer> seeds = drained(ring).stream().map(bytes -> (int) bytes[0]).sorted().toList();
        assertEquals(IntStream.range(0, pushed).boxed().toList(), seeds);
        assertTrue(ring.push(record(1, 24), 0, 24), "the drained space is free again");
    }

    @ParameterizedTest
    @CsvSource({"15, 0, capacityBytes=15", "16, 9, maxRecordBytes=9", "16, -1, maxRecordBytes=-1",
        "524289, 8, capacityBytes=524289", "200000, 65537, maxRecordBytes=65537"})
    void refusesMisuseByName(int capacity, int longest, String name) {
        String message = assertThrows(IllegalArgumentException.class,
                () -> new PerCpuByteRing(capacity, longest)).getMessage();
        assertTrue(String.valueOf(message).startsWith(name), message);
    }

    @Test
    void refusesTooLongRecordsAndTooShortBuffers() {
        PerCpuByteRing ring = new PerCpuByteRing(40, 56);
        assertEquals(64, ring.capacityBytes());
        assertEquals(56, ring.maxRecordBytes());
        assertThrows(IllegalArgumentException.class, () -> ring.push(new byte[57], 0, 57));
        assertThrows(IndexOutOfBoundsException.class, () -> ring.push(new byte[5], 1, 5));
        assertThrows(IndexOutOfBoundsException.class, () -> ring.drain(new byte[55], (_, _) -> { }));
        assertThrows(IllegalArgumentException.class, () -> ring.drain(_ -> { }, -1));
        assertThrows(IllegalArgumentException.class, () -> ring.drain(new byte[56], (_, _) -> { }, -1));
    }

    @Test
    void aConsumerThatThrowsHasTakenItsRecord() {
        PerCpuByteRing ring = new PerCpuByteRing(1024, 8);
        for (int i = 0; i < 9; i++) {
            assertTrue(ring.push(record(i, 8), 0, 8));
        }
        List<Integer> seen = new ArrayList<>();
        byte[] buffer = new byte[8];
        assertThrows(ArithmeticException.class, () -> ring.drain(buffer, (bytes, _) -> {
            seen.add((int) bytes[0]);
            if (seen.size() == 4) {
                throw new ArithmeticException("the fourth");
            }
        }));
        assertEquals(5 * 16, ring.usedBytes());
        assertEquals(2, ring.drain(bytes -> seen.add((int) bytes[0]), 2));
        assertEquals(3, ring.drain(buffer, (bytes, _) -> seen.add((int) bytes[0]), 3));
        assertEquals(IntStream.range(0, 9).boxed().toList(), seen.stream().sorted().toList());
        assertEquals(0, ring.usedBytes());
    }

    /** One thread, which may migrate. The model has a queue for each copy, and learns the copy of each record. */
    @ParameterizedTest
    @CsvSource({"64, 56, 1", "128, 40, 2", "1024, 300, 3", "16, 8, 4"})
    void behavesLikeAQueueForEachCopy(int capacity, int longest, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        PerCpuByteRing ring = new PerCpuByteRing(capacity, longest);
        List<Deque<byte[]>> model = new ArrayList<>();
        IntStream.range(0, ring.usedBytesByIndex().length).forEach(_ -> model.add(new ArrayDeque<>()));
        int pushed = 0;
        for (int i = 0; i < 10_000; i++) {
            byte[] bytes = record(i, random.nextInt(longest + 1));
            int[] before = ring.usedBytesByIndex();
            if (random.nextInt(3) > 0 && ring.push(bytes, 0, bytes.length)) {
                pushed++;
                int[] after = ring.usedBytesByIndex();
                int[] grown = IntStream.range(0, after.length).filter(k -> after[k] != before[k]).toArray();
                // A thread that migrated may have written padding in one copy and the record in another.
                assertTrue(grown.length == 1 || grown.length == 2, "seed=" + seed);
                if (grown.length == 1) {
                    model.get(grown[0]).add(bytes);
                    continue;
                }
                // The copy is then unknown: the test drains all records, and the model lacks exactly this one.
                model.get(grown[1]).add(bytes);
                drained(ring);
                model.forEach(Deque::clear);
            } else if (random.nextInt(4) == 0) {
                int max = random.nextInt(6);
                int expected = Math.min(max, model.stream().mapToInt(Deque::size).sum());
                assertEquals(expected, ring.drain(found -> assertTrue(model.stream().anyMatch(copy ->
                        Arrays.equals(copy.peekFirst(), found) && Arrays.equals(copy.removeFirst(), found)),
                        "seed=" + seed), max), "seed=" + seed);
            }
        }
        assertTrue(pushed > 1000, "seed=" + seed + " pushed=" + pushed);
    }

    /** A record contains its producer and its number, and the other bytes follow from them. */
    private static byte[] named(int producer, int number, int length) {
        byte[] bytes = record(producer * 7 + number, length);
        ByteBuffer.wrap(bytes).putInt(producer).putInt(number).putInt(length);
        return bytes;
    }

    private static void produce(PerCpuByteRing ring, int producer, int each, AtomicBoolean stopped) {
        SplittableRandom random = new SplittableRandom(producer);
        for (int i = 0; i < each; i++) {
            byte[] bytes = named(producer, i, random.nextInt(HEADER_BYTES, 100));
            while (!ring.push(bytes, 0, bytes.length)) {
                if (stopped.get()) {
                    return;
                }
                LockSupport.parkNanos(10_000);
            }
            if (random.nextInt(64) == 0) {
                LockSupport.parkNanos(1);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"12, false, 128", "16, false, 4096", "100, true, 1024"})
    void noRecordIsLostTornOrDrainedTwice(int producers, boolean virtual, int capacity) throws InterruptedException {
        PerCpuByteRing ring = new PerCpuByteRing(capacity, 100);
        int each = 20_000 / producers;
        boolean[][] seen = new boolean[producers][each];
        AtomicBoolean stopped = new AtomicBoolean();
        Crowd crowd = Crowd.start(producers, virtual, thread -> produce(ring, thread, each, stopped));
        byte[] buffer = new byte[100];
        int handed = 0;
        boolean ended = false;
        try {
            while (!ended) {
                ended = !crowd.isRunning();
                handed += ring.drain(buffer, (bytes, length) -> {
                    ByteBuffer header = ByteBuffer.wrap(bytes);
                    int producer = header.getInt();
                    int number = header.getInt();
                    assertEquals(length, header.getInt());
                    assertArrayEquals(named(producer, number, length), Arrays.copyOf(bytes, length), "torn");
                    assertFalse(seen[producer][number], "twice: producer=" + producer + " number=" + number);
                    seen[producer][number] = true;
                }, ended ? Integer.MAX_VALUE : 50);
            }
        } finally {
            // Failed drains leave the rings full.
            stopped.set(true);
        }
        crowd.join();
        assertEquals(producers * each, handed);
        assertEquals(0, ring.usedBytes());
    }

    /** A push only reads its record: the bytes that another thread writes next to it, or in it, stay. */
    @Test
    void keepsConcurrentWritesToOtherBytes() throws InterruptedException {
        PerCpuByteRing ring = new PerCpuByteRing(65_536, 64);
        byte[] source = new byte[100_000];
        Thread pusher = Thread.ofPlatform().start(() -> {
            byte[] buffer = new byte[64];
            while (!Thread.currentThread().isInterrupted()) {
                ring.push(source, 0, 64);
                ring.push(MemorySegment.ofArray(source).asReadOnly().asSlice(64, 5));
                ring.drain(buffer, (_, _) -> { });
            }
        });
        try {
            VarHandle bytes = MethodHandles.arrayElementVarHandle(byte[].class);
            for (int round = 0; round < CALLS / 10; round++) {
                for (int at = 7; at < 71; at += 61) {
                    bytes.setVolatile(source, at, (byte) round);
                    for (int i = 0; i < 50; i++) {
                        Thread.onSpinWait();
                    }
                    assertEquals((byte) round, (byte) bytes.getVolatile(source, at), "byte " + at);
                }
            }
        } finally {
            pusher.interrupt();
            pusher.join();
        }
    }

    @Test
    void allocatesNothing() {
        PerCpuByteRing ring = new PerCpuByteRing(4096, 64);
        MemorySegment record = MemorySegment.ofArray(record(1, 40));
        byte[] buffer = new byte[64];
        long[] sum = new long[1];
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long perRound = Long.MAX_VALUE;
        for (int round = 0; round < 400 && perRound > 0; round++) {
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < CALLS; i++) {
                if (!ring.push(record)) {
                    ring.drain(buffer, (_, length) -> sum[0] += length);
                }
            }
            perRound = (threads.getCurrentThreadAllocatedBytes() - before) / CALLS;
        }
        assertEquals(0, perRound, "bytes a round");
        assertTrue(sum[0] > 0, "records were drained");
    }
}
