package io.github.rseq4j.interpreter;

import static io.github.rseq4j.ir.Operand.arg;
import static io.github.rseq4j.ir.Operand.imm;
import static io.github.rseq4j.ir.Operand.temp;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.ir.CommitAddDouble;
import io.github.rseq4j.ir.Mem;
import io.github.rseq4j.ir.Operand;
import io.github.rseq4j.ir.Section;
import io.github.rseq4j.ir.Step;
import io.github.rseq4j.ir.Width;
import io.github.rseq4j.section.Condition;
import io.github.rseq4j.section.Order;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Phaser;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Random sections of several threads, on several stripes at once. Each thread owns words of 4 and of 8 bytes and runs
 * of bytes, which lie directly next to those of other threads. A model for each thread computes their expected
 * contents.
 */
final class SideBySideTest {
    private static final int PAGE_BYTES = 1 << 16;
    private static final int STRIDE_SHIFT = 20;
    private static final int STRIPES = 8;
    /** The test starts threads until they use this many stripes, or until it has started the maximum. */
    private static final int ENOUGH_STRIPES = 4;
    private static final int MAX_THREADS = 64;
    private static final int CHAINS = 40;
    private static final int ROUNDS = 25;
    /** The number of a thread's calls in a round, which run concurrently with those of the other threads. */
    private static final int CALLS = 2_000;
    /** The number of pieces of each width that a thread owns. */
    private static final int PIECES = 4;
    private static final int MAX_RUN_BYTES = 24;
    private static final int BLOCK_BYTES = MAX_THREADS * PIECES * (4 + 8 + MAX_RUN_BYTES + 8);
    private static final int SOURCE_BYTES = 4096;

    private static final Operand.Reg RUN = arg(0);
    private static final Operand.Reg SOURCE = arg(1);
    private static final Operand.Reg LENGTH = arg(2);
    private static final Operand.Reg VALUE = arg(7);

    /** Makes sections of up to eight steps whose places are all arguments. */
    private static Chain chain(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        List<Section> sections = new ArrayList<>();
        int count = random.nextInt(4) == 0 ? 2 : 1;
        for (int k = 0; k < count; k++) {
            sections.add(section("side_" + seed, random));
        }
        return new Chain("side_" + seed, 8, 0, sections);
    }

    private static Section section(String name, SplittableRandom random) {
        List<Step> steps = new ArrayList<>();
        Operand value = random.nextInt(3) == 0 ? imm(random.nextLong()) : VALUE;
        Width loaded = random.nextBoolean() ? Width.INT : Width.LONG;
        boolean loads = random.nextBoolean();
        if (loads) {
            steps.add(new Step.Load(temp(0), Mem.at(arg(loaded == Width.INT ? 3 : 5), 0), loaded));
            value = random.nextBoolean() ? temp(0) : value;
            if (random.nextBoolean()) {
                steps.add(new Step.ExitIf(Condition.BELOW, temp(0), VALUE, loaded, random.nextInt(Section.MAX_EXITS)));
            }
        }
        if (random.nextInt(3) > 0) {
            steps.add(new Step.Copy(Mem.at(RUN, 0), SOURCE, LENGTH, MAX_RUN_BYTES));
        }
        if (random.nextInt(3) > 0) {
            boolean isInt = random.nextBoolean();
            steps.add(new Step.Store(Mem.at(arg(isInt ? 4 : 6), 0), value, isInt ? Width.INT : Width.LONG));
        }
        Width width = random.nextBoolean() ? Width.INT : Width.LONG;
        Mem to = Mem.at(arg(width == Width.INT ? 3 : 5), 0);
        Order order = random.nextBoolean() ? Order.RELEASE : Order.RELAXED;
        boolean isDouble = width == Width.LONG && random.nextInt(3) == 0;
        steps.add(isDouble ? new CommitAddDouble(to, value, order)
                : random.nextBoolean() ? new Step.CommitAdd(to, value, width, order)
                : new Step.CommitStore(to, value, width, order));
        return new Section(name, steps, loads && loaded == Width.INT ? temp(0) : null);
    }

    /**
     * The runners of the chains: bytecode; the steps one by one on the fallback's memory; the steps on native memory.
     */
    enum Runner { BYTECODE, STEPS_ON_PAGES, STEPS_ON_RAW_MEMORY }

    /** The addresses of one thread's words and runs. */
    private static final class Own {
        private final List<Long> ints = new ArrayList<>();
        private final List<Long> longs = new ArrayList<>();
        private final List<Long> runs = new ArrayList<>();
        private final List<Integer> runBytes = new ArrayList<>();
    }

    /** Memory in one array, which only one thread uses. */
    private static final class Model implements AddressSpace {
        private final ByteBuffer bytes = ByteBuffer.allocate(BLOCK_BYTES + SOURCE_BYTES).order(ByteOrder.nativeOrder());
        private final long first;

        Model(AddressSpace memory, long first) {
            this.first = first;
            for (int i = 0; i < bytes.capacity(); i++) {
                bytes.put(i, memory.getByte(first + i));
            }
        }

        @Override
        public long getLong(long address) {
            return bytes.getLong((int) (address - first));
        }

        @Override
        public void putLong(long address, long value) {
            bytes.putLong((int) (address - first), value);
        }

        @Override
        public int getInt(long address) {
            return bytes.getInt((int) (address - first));
        }

        @Override
        public void putInt(long address, int value) {
            bytes.putInt((int) (address - first), value);
        }

        @Override
        public byte getByte(long address) {
            return bytes.get((int) (address - first));
        }

        @Override
        public void putByte(long address, byte value) {
            bytes.put((int) (address - first), value);
        }
    }

    /** The memory, the chains and the owners of one test. */
    private static final class Scene {
        private final Runner runner;
        private final long seed;
        private final Fallback fallback = new Fallback(STRIPES, STRIDE_SHIFT);
        private final AddressSpace memory;
        private final long first;
        private final List<Chain> chains = new ArrayList<>();
        private final List<MethodHandle> handles = new ArrayList<>();
        private final List<MethodHandle> handlesOfSegments = new ArrayList<>();
        private final List<Own> owners = new ArrayList<>();
        /** The bytes without an owner. */
        private final List<Long> gaps = new ArrayList<>();
        private final Phaser together = new Phaser();

        Scene(Runner runner, long seed, Arena arena) {
            this.runner = runner;
            this.seed = seed;
            boolean isRaw = runner == Runner.STEPS_ON_RAW_MEMORY;
            this.memory = isRaw ? AddressSpace.RAW : fallback.memory();
            // The threads' pieces lie on both sides of a page boundary.
            this.first = isRaw ? arena.allocate(BLOCK_BYTES + SOURCE_BYTES, 8).address()
                    : fallback.memory().reserve(4 * PAGE_BYTES) + PAGE_BYTES - 800;
            SplittableRandom random = new SplittableRandom(seed);
            for (int i = 0; i < BLOCK_BYTES + SOURCE_BYTES; i++) {
                memory.putByte(first + i, (byte) random.nextInt());
            }
            for (int i = 0; i < CHAINS; i++) {
                Chain chain = chain(seed + i);
                chains.add(chain);
                handles.add(fallback.handle(chain).asSpreader(long[].class, chain.arguments()));
                handlesOfSegments.add(fallback.handle(chain, SOURCE.number()));
            }
        }

        /** Distributes the block: the same number of pieces of each width to each thread, in a random order. */
        void deal(int threads) {
            List<int[]> pieces = new ArrayList<>();
            SplittableRandom random = new SplittableRandom(seed);
            for (int thread = 0; thread < threads; thread++) {
                owners.add(new Own());
                for (int i = 0; i < PIECES; i++) {
                    pieces.add(new int[] {thread, 4, 4});
                    pieces.add(new int[] {thread, 8, 8});
                    pieces.add(new int[] {thread, random.nextInt(1, MAX_RUN_BYTES + 1), 1});
                }
            }
            Collections.shuffle(pieces, new Random(seed));
            long at = first;
            for (int[] piece : pieces) {
                for (; at % piece[2] != 0; at++) {
                    gaps.add(at);
                }
                Own own = owners.get(piece[0]);
                (piece[2] == 1 ? own.runs : piece[2] == 4 ? own.ints : own.longs).add(at);
                if (piece[2] == 1) {
                    own.runBytes.add(piece[1]);
                }
                at += piece[1];
            }
        }

        /**
         * The work of one thread: it computes the results of a round with its model, waits for the others, and makes
         * the calls.
         */
        void run(int thread) {
            Own own = owners.get(thread);
            Model model = new Model(memory, first);
            SplittableRandom random = new SplittableRandom(seed + thread);
            Interpreter oracle = new Interpreter(model, STRIDE_SHIFT, System::nanoTime);
            for (int round = 0; round < ROUNDS; round++) {
                int[] which = new int[CALLS];
                long[][] words = new long[CALLS][];
                Arguments[] given = new Arguments[CALLS];
                long[] expected = new long[CALLS];
                for (int call = 0; call < CALLS; call++) {
                    words[call] = arguments(own, random);
                    which[call] = random.nextInt(CHAINS);
                    given[call] = random.nextInt(4) == 0 ? Arguments.of(SOURCE.number(), source(words[call], random),
                            words[call]) : Arguments.of(words[call]);
                    expected[call] = oracle.run(chains.get(which[call]), 0, given[call], 0,
                            Interpreter.Interruption.NEVER);
                }
                together.arriveAndAwaitAdvance();
                for (int call = 0; call < CALLS; call++) {
                    long status = call(which[call], given[call], words[call]);
                    if (status != expected[call]) {
                        assertEquals(expected[call], status, "thread " + thread + ", round " + round + ", call " + call
                                + ", " + chains.get(which[call]));
                    }
                }
                requireAsModelled(own, model, "thread " + thread + ", round " + round);
            }
        }

        private long[] arguments(Own own, SplittableRandom random) {
            int run = random.nextInt(PIECES);
            int other = random.nextInt(PIECES);
            int max = own.runBytes.get(run);
            long source = first + BLOCK_BYTES + random.nextInt(SOURCE_BYTES - MAX_RUN_BYTES);
            if (other != run && random.nextBoolean()) {
                source = own.runs.get(other);
                max = Math.min(max, own.runBytes.get(other));
            }
            // Words that are stored before the commit differ from those that are loaded and committed.
            int word = random.nextInt(PIECES);
            int stored = (word + 1 + random.nextInt(PIECES - 1)) % PIECES;
            return new long[] {own.runs.get(run), source,
                random.nextInt(20) == 0 ? MAX_RUN_BYTES + 1L : random.nextInt(max + 1),
                own.ints.get(word), own.ints.get(stored), own.longs.get(word), own.longs.get(stored),
                random.nextLong() >>> random.nextInt(64)};
        }

        private static MemorySegment source(long[] arguments, SplittableRandom random) {
            byte[] bytes = new byte[MAX_RUN_BYTES + 2];
            random.nextBytes(bytes);
            return MemorySegment.ofArray(bytes).asSlice(random.nextInt(2), Math.min(arguments[2], MAX_RUN_BYTES))
                    .asReadOnly();
        }

        private long call(int which, Arguments given, long[] words) {
            if (runner != Runner.BYTECODE) {
                return new Interpreter(memory, STRIDE_SHIFT, System::nanoTime).run(chains.get(which), 0, given, 0,
                        Interpreter.Interruption.NEVER);
            }
            try {
                return given.segment() == Arguments.NONE ? (long) handles.get(which).invokeExact(words)
                        : (long) handlesOfSegments.get(which).invokeWithArguments(given.boxed());
            } catch (Throwable t) {
                throw new IllegalStateException(t);
            }
        }

        private void requireAsModelled(Own own, Model model, String where) {
            for (int i = 0; i < PIECES; i++) {
                assertEquals(model.getInt(own.ints.get(i)), memory.getInt(own.ints.get(i)), "int " + i + ", " + where);
                assertEquals(model.getLong(own.longs.get(i)), memory.getLong(own.longs.get(i)),
                        "long " + i + ", " + where);
                for (int at = 0; at < own.runBytes.get(i); at++) {
                    assertEquals(model.getByte(own.runs.get(i) + at), memory.getByte(own.runs.get(i) + at),
                            "run " + i + ", byte " + at + ", " + where);
                }
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"BYTECODE, 1000", "BYTECODE, 2000", "BYTECODE, 3000", "STEPS_ON_PAGES, 4000",
        "STEPS_ON_RAW_MEMORY, 5000"})
    void concurrentSectionsChangeNoBytesOfOtherThreads(Runner runner, long seed) throws InterruptedException {
        try (Arena arena = Arena.ofShared()) {
            Scene scene = new Scene(runner, seed, arena);
            Queue<Integer> stripes = new ConcurrentLinkedQueue<>();
            Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
            CountDownLatch start = new CountDownLatch(1);
            List<Thread> threads = new ArrayList<>();
            Set<Integer> distinct = new HashSet<>();
            while (distinct.size() < ENOUGH_STRIPES && threads.size() < MAX_THREADS) {
                int number = threads.size();
                CountDownLatch isKnown = new CountDownLatch(1);
                threads.add(Thread.ofPlatform().daemon().start(() -> {
                    try {
                        stripes.add(scene.fallback.index());
                        isKnown.countDown();
                        start.await();
                        scene.run(number);
                    } catch (Throwable t) {
                        failures.add(t);
                    } finally {
                        scene.together.arriveAndDeregister();
                    }
                }));
                isKnown.await();
                distinct.addAll(stripes);
            }
            assertTrue(distinct.size() >= ENOUGH_STRIPES, "stripes=" + distinct);
            scene.deal(threads.size());
            scene.together.bulkRegister(threads.size());
            Model before = new Model(scene.memory, scene.first);
            start.countDown();
            for (Thread thread : threads) {
                thread.join();
            }
            assertEquals(List.of(), List.copyOf(failures), "seed=" + seed);
            for (long gap : scene.gaps) {
                assertEquals(before.getByte(gap), scene.memory.getByte(gap), "a byte without an owner, seed=" + seed);
            }
            for (int i = 0; i < SOURCE_BYTES; i++) {
                long at = scene.first + BLOCK_BYTES + i;
                assertEquals(before.getByte(at), scene.memory.getByte(at), "a source's byte, seed=" + seed);
            }
        }
    }
}
