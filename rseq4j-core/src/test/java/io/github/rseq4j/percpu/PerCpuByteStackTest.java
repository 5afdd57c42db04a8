package io.github.rseq4j.percpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
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
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Records of bytes are popped whole and once, under concurrent operations. */
final class PerCpuByteStackTest {
    private static final int CALLS = 200_000;

    /** A record whose bytes follow from its first byte, which detects a mix of two records. */
    private static byte[] record(int seed, int length) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) (seed + i * 31);
        }
        return bytes;
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 7, 8, 9, 15, 16, 17, 63, 64, 65, 255, 4096, 65_528, 65_535, 65_536})
    void returnsRecordsOfEveryLength(int length) {
        PerCpuByteStack stack = new PerCpuByteStack(65_600, 65_536);
        byte[] framed = new byte[length + 5];
        System.arraycopy(record(length, length), 0, framed, 3, length);
        for (int popped = 0; popped < 2;) {
            assertTrue(stack.push(framed, 3, length));
            byte[] into = new byte[65_546];
            into[9 + length] = 77;
            int found = stack.pop(into, 9);
            if (found != PerCpuByteStack.EMPTY) {
                assertEquals(length, found);
                assertArrayEquals(record(length, length), Arrays.copyOfRange(into, 9, 9 + length));
                assertEquals(77, into[9 + length], "no byte after the record is written");
                popped++;
            }
            stack.drain(each -> assertArrayEquals(record(length, length), each));
        }
        assertEquals(0, stack.usedBytes());
    }

    @Test
    void takesRecordsFromNativeMemory() {
        PerCpuByteStack stack = new PerCpuByteStack(1024, 16);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment from = arena.allocate(11);
            MemorySegment.copy(record(5, 11), 0, from, ValueLayout.JAVA_BYTE, 0, 11);
            MemorySegment into = arena.allocate(16);
            int length = PerCpuByteStack.EMPTY;
            while (length == PerCpuByteStack.EMPTY) {
                assertTrue(stack.push(from));
                length = stack.pop(into);
            }
            assertEquals(11, length);
            assertArrayEquals(record(5, 11), into.asSlice(0, 11).toArray(ValueLayout.JAVA_BYTE));
            assertThrows(IndexOutOfBoundsException.class, () -> stack.pop(into.asSlice(1)));
            assertThrows(IllegalArgumentException.class, () -> stack.pop(into.asReadOnly()));
            assertThrows(IllegalArgumentException.class, () -> stack.push(arena.allocate(17)));
        }
    }

    /** Bytes beyond the longest record are free room, not a length: they are neither refused nor written. */
    @ParameterizedTest
    @ValueSource(ints = {64, 65_535, 65_536, 65_537, 100_000, 1 << 20})
    void segmentsMayBeLongerThanAnyRecord(int bytes) {
        PerCpuByteStack stack = new PerCpuByteStack(4096, 64);
        byte[] heap = new byte[bytes];
        try (Arena arena = Arena.ofConfined()) {
            for (MemorySegment into : List.of(MemorySegment.ofArray(heap), arena.allocate(bytes),
                    MemorySegment.ofArray(new long[bytes / 8 + 1]))) {
                into.fill((byte) 99);
                int length = PerCpuByteStack.EMPTY;
                while (length == PerCpuByteStack.EMPTY) {
                    MemorySegment from = into.asSlice(into.byteSize() - 23).asReadOnly();
                    MemorySegment.copy(record(4, 23), 0, into, ValueLayout.JAVA_BYTE, into.byteSize() - 23, 23);
                    assertTrue(stack.push(from));
                    length = stack.pop(into);
                }
                assertEquals(23, length);
                assertArrayEquals(record(4, 23), into.asSlice(0, 23).toArray(ValueLayout.JAVA_BYTE));
                for (long at = 23; at < into.byteSize() - 23; at++) {
                    assertEquals(99, into.get(ValueLayout.JAVA_BYTE, at), "byte " + at);
                }
            }
            heap[0] = 0;
            stack.drain(_ -> { });
            while (!stack.push(record(4, 23), 0, 23) || stack.pop(heap, 0) != 23) {
                heap[0] = 0;
            }
            assertArrayEquals(record(4, 23), Arrays.copyOf(heap, 23));
        }
    }

    /** A push only reads its record, and a pop writes only its record: other threads own the other bytes. */
    @Test
    void keepsConcurrentWritesToOtherBytes() throws InterruptedException {
        PerCpuByteStack stack = new PerCpuByteStack(4096, 64);
        byte[] source = new byte[64];
        byte[] target = new byte[128];
        Thread user = Thread.ofPlatform().start(() -> {
            while (!Thread.currentThread().isInterrupted()) {
                stack.push(MemorySegment.ofArray(source).asReadOnly());
                stack.push(source, 0, 64);
                stack.pop(target, 32);
            }
        });
        try {
            VarHandle bytes = MethodHandles.arrayElementVarHandle(byte[].class);
            for (int round = 0; round < CALLS / 10; round++) {
                bytes.setVolatile(source, 7, (byte) round);
                bytes.setVolatile(target, 31, (byte) round);
                bytes.setVolatile(target, 96, (byte) round);
                for (int i = 0; i < 100; i++) {
                    Thread.onSpinWait();
                }
                assertEquals((byte) round, (byte) bytes.getVolatile(source, 7), "in the pushed record");
                assertEquals((byte) round, (byte) bytes.getVolatile(target, 31), "before the popped record");
                assertEquals((byte) round, (byte) bytes.getVolatile(target, 96), "after the popped record");
            }
        } finally {
            user.interrupt();
            user.join();
        }
    }

    @Test
    @SuppressWarnings("MustBeClosedChecker") // A confined arena cannot be closed by this thread.
    void refusesClosedAndConfinedSegmentsWhetherEmptyOrNot() throws InterruptedException {
        PerCpuByteStack stack = new PerCpuByteStack(64, 24);
        MemorySegment[] others = new MemorySegment[1];
        Thread other = Thread.ofPlatform().start(() -> others[0] = Arena.ofConfined().allocate(24));
        other.join();
        MemorySegment closed;
        try (Arena arena = Arena.ofConfined()) {
            closed = arena.allocate(24);
        }
        for (int round = 0; round < 2; round++) {
            assertThrows(IllegalStateException.class, () -> stack.pop(closed));
            assertThrows(WrongThreadException.class, () -> stack.pop(others[0]));
            assertThrows(IllegalStateException.class, () -> stack.push(closed));
            assertThrows(WrongThreadException.class, () -> stack.push(others[0]));
            while (stack.push(record(round, 24), 0, 24)) {
                assertTrue(stack.usedBytes() > 0);
            }
        }
        stack.drain(each -> assertArrayEquals(record(0, 24), each));
    }

    @Test
    void returnsFalseWhenFullAndNoRecordWhenEmpty() {
        PerCpuByteStack stack = new PerCpuByteStack(64, 24);
        assertEquals(PerCpuByteStack.EMPTY, stack.pop(new byte[24], 0));
        int pushed = 0;
        while (stack.push(record(pushed, 24), 0, 24)) {
            pushed++;
        }
        assertTrue(pushed >= 2, "two records of 32 bytes fit: " + pushed);
        List<byte[]> drained = new ArrayList<>();
        assertEquals(pushed, stack.drain(drained::add));
        List<Integer> seeds = drained.stream().map(bytes -> (int) bytes[0]).sorted().toList();
        for (int i = 0; i < pushed; i++) {
            assertEquals(i, seeds.get(i));
        }
    }

    @Test
    void drainsTheLastPushedRecordFirst() {
        PerCpuByteStack stack = new PerCpuByteStack(16, 8);
        stack.resize(4096);
        assertTrue(stack.push(record(1, 3), 0, 3));
        assertTrue(stack.push(record(2, 8), 0, 8));
        List<byte[]> drained = new ArrayList<>();
        // The thread may have migrated between the two pushes: then the records come in the order of their copies.
        assertEquals(2, stack.steal(drained::add) + stack.steal(drained::add));
        assertEquals(11, drained.stream().mapToInt(bytes -> bytes.length).sum());
        assertEquals("PerCpuByteStack[usedBytes=0, capacityBytes=4096, maxRecordBytes=8]", stack.toString());
    }

    @Test
    void recordsThatAConsumerDidNotGetStayForTheNextDrain() {
        PerCpuByteStack stack = new PerCpuByteStack(1024, 8);
        for (int i = 0; i < 9; i++) {
            assertTrue(stack.push(record(i, i), 0, i));
        }
        int[] seen = new int[1];
        assertThrows(ArithmeticException.class, () -> stack.drain(_ -> {
            if (++seen[0] == 4) {
                throw new ArithmeticException("the fourth");
            }
        }));
        assertEquals(5, stack.drain(_ -> { }));
        assertEquals(0, stack.usedBytes());
    }

    @ParameterizedTest
    @CsvSource({"15, 0, capacityBytes=15", "16, 9, maxRecordBytes=9", "16, -1, maxRecordBytes=-1",
        "1000000, 8, capacityBytes=1000000", "200000, 65537, maxRecordBytes=65537"})
    void refusesMisuseByName(int capacity, int longest, String name) {
        String message = assertThrows(IllegalArgumentException.class,
                () -> new PerCpuByteStack(capacity, longest)).getMessage();
        assertTrue(String.valueOf(message).startsWith(name), message);
    }

    @Test
    void refusesTooLongRecordsAndTooShortBuffers() {
        PerCpuByteStack stack = new PerCpuByteStack(64, 24);
        assertThrows(IllegalArgumentException.class, () -> stack.push(new byte[25], 0, 25));
        assertThrows(IndexOutOfBoundsException.class, () -> stack.push(new byte[5], 1, 5));
        assertThrows(IndexOutOfBoundsException.class, () -> stack.pop(new byte[24], 1));
        assertThrows(IllegalArgumentException.class, () -> stack.resize(31));
        stack.resize(32);
        assertTrue(stack.push(new byte[24], 0, 24));
        int pushed = 1;
        while (stack.push(new byte[24], 0, 24)) {
            pushed++;
        }
        assertEquals(32L * pushed, stack.usedBytes(), "each stack has room for one");
    }

    @ParameterizedTest
    @CsvSource({"12, false", "100, true"})
    void noRecordIsLostTornOrPoppedTwice(int threads, boolean virtual) throws InterruptedException {
        PerCpuByteStack stack = new PerCpuByteStack(2048, 64);
        ConcurrentHashMap<Long, Boolean> live = new ConcurrentHashMap<>();
        Crowd crowd = Crowd.start(threads, virtual, thread -> new User(stack, live, thread).run(30_000 / threads));
        for (int i = 0; i < 20; i++) {
            stack.drain(each -> User.require(live, each));
            stack.resize(4096 + 8 * i);
        }
        crowd.join();
        stack.drain(each -> User.require(live, each));
        assertEquals(0, live.size(), "pushed and never popped");
    }

    /** Pushes records that contain their names, and pops records of any thread. */
    private static final class User {
        private final PerCpuByteStack stack;
        private final ConcurrentHashMap<Long, Boolean> live;
        private final SplittableRandom random;
        private long next;

        User(PerCpuByteStack stack, ConcurrentHashMap<Long, Boolean> live, long id) {
            this.stack = stack;
            this.live = live;
            this.random = new SplittableRandom(id);
            this.next = id << 32;
        }

        /** A record repeats its name of eight bytes, cut at any length from 8. */
        private static byte[] named(long name, int length) {
            byte[] bytes = new byte[length];
            for (int i = 0; i < length; i++) {
                bytes[i] = (byte) (name >>> i % 8 * 8);
            }
            return bytes;
        }

        static void require(ConcurrentHashMap<Long, Boolean> live, byte[] bytes) {
            long name = 0;
            for (int i = 7; i >= 0; i--) {
                name = name << 8 | bytes[i] & 0xFF;
            }
            assertArrayEquals(named(name, bytes.length), bytes, "torn");
            long seen = name;
            assertTrue(live.remove(name) != null, () -> "record " + seen + " was popped twice, or never pushed");
        }

        void run(int rounds) {
            byte[] buffer = new byte[64];
            for (int i = 0; i < rounds; i++) {
                if (random.nextBoolean()) {
                    long name = next++;
                    int length = random.nextInt(8, 65);
                    live.put(name, true);
                    if (!stack.push(named(name, length), 0, length)) {
                        live.remove(name);
                    }
                } else {
                    int length = stack.pop(buffer, 0);
                    if (length != PerCpuByteStack.EMPTY) {
                        require(live, Arrays.copyOf(buffer, length));
                    }
                }
                if (random.nextInt(64) == 0) {
                    LockSupport.parkNanos(1);
                }
            }
        }
    }

    @Test
    void allocatesNothing() {
        PerCpuByteStack stack = new PerCpuByteStack(4096, 64);
        MemorySegment record = MemorySegment.ofArray(record(1, 40));
        MemorySegment into = MemorySegment.ofArray(new byte[64]);
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long perRound = Long.MAX_VALUE;
        for (int round = 0; round < 400 && perRound > 0; round++) {
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < CALLS; i++) {
                stack.push(record);
                stack.pop(into);
                stack.pop(into);
            }
            perRound = (threads.getCurrentThreadAllocatedBytes() - before) / CALLS;
        }
        assertEquals(0, perRound, "bytes a round");
    }
}
