package io.github.rseq4j.section;

import static io.github.rseq4j.section.Place.at;
import static io.github.rseq4j.section.Place.cell;
import static io.github.rseq4j.section.Value.constant;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.Rseq;
import io.github.rseq4j.percpu.PerCpuCounter;
import io.github.rseq4j.percpu.PerCpuItems;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Users' sections give exact results on restartable sequences and on the fallback, and name what they refuse. */
final class RestartableSectionTest {
    private static final RestartableSection MAX = UserSections.max();
    private static final RestartableSection PUSH = UserSections.push();
    private static final RestartableSection POP = UserSections.pop();
    private static final MethodHandle POP_HANDLE = POP.handle();
    private static final RestartableSection FETCH_ADD = UserSections.fetchAdd();
    private static final MethodHandle FETCH_ADD_HANDLE = FETCH_ADD.handle();
    private static final int THREADS = 24;
    private static final int ROUNDS = 3000;
    private static final long SEED = 42;
    private static final int SIDE_BY_SIDE = 30;
    private static final int BYTES_AT = 1 << 15;

    /** A body that may throw what a handle throws. */
    private interface Body {
        void run(int thread) throws Throwable;
    }

    private static void inThreads(boolean virtual, Body body) throws InterruptedException {
        AtomicInteger failed = new AtomicInteger();
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < THREADS; i++) {
            int number = i;
            Runnable run = () -> {
                try {
                    body.run(number);
                } catch (Throwable t) {
                    failed.incrementAndGet();
                    throw new IllegalStateException(t);
                }
            };
            threads.add(virtual ? Thread.ofVirtual().start(run) : Thread.ofPlatform().start(run));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertEquals(0, failed.get(), "threads that failed, seed=" + SEED);
    }

    private static List<Long> words(PerCpuItems items, long item, int offsetBytes) {
        List<Long> words = new ArrayList<>();
        for (int index = 0; index < items.copies(); index++) {
            words.add(items.getLong(item, index, offsetBytes));
        }
        return words;
    }

    private static long sum(PerCpuItems items, long item, int offsetBytes) {
        return words(items, item, offsetBytes).stream().mapToLong(Long::longValue).sum();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void findsTheMaximumOfAllThreads(boolean virtual) throws InterruptedException {
        try (PerCpuItems items = new PerCpuItems(8)) {
            long item = items.allocate();
            AtomicLong highest = new AtomicLong();
            AtomicLong raised = new AtomicLong();
            inThreads(virtual, thread -> {
                SplittableRandom random = new SplittableRandom(SEED + thread);
                for (int i = 0; i < ROUNDS; i++) {
                    long value = random.nextLong(1L << 40);
                    highest.accumulateAndGet(value, Math::max);
                    SectionResult result = MAX.call(item, value);
                    assertTrue(result.isCommitted() || result.isExit(UserSections.LOWER), result.toString());
                    raised.addAndGet(result.committedSections());
                }
            });
            assertEquals(highest.get(), words(items, item, 0).stream().mapToLong(Long::longValue).max().orElseThrow());
            assertTrue(raised.get() > 0 && raised.get() < (long) THREADS * ROUNDS, "both paths were taken");
        }
    }

    private static long bytes(PerCpuItems items, long item, int at, int count) {
        long value = 0;
        for (int i = at + count - 1; i >= at; i--) {
            value = value << 8 | items.getLong(item, 0, i & -8) >>> (i & 7) * 8 & 0xFF;
        }
        return value;
    }

    /** Each index has a word of 4 bytes and a range of three bytes, between those of other indices. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void writesNoNeighbouringBytesOfOtherIndices(boolean virtual) throws InterruptedException {
        SectionBuilder add = new SectionBuilder("side_by_side_add", 1);
        Register own = add.load(cell(add.argument(0)));
        add.commitAddInt(at(own, 0), constant(1), Order.RELAXED);
        MethodHandle addInt = add.build().handle();
        SectionBuilder copy = new SectionBuilder("side_by_side_copy", 3);
        Register bytes = copy.load(cell(copy.argument(0), 8));
        copy.disjoint(at(bytes, 0), constant(3), cell(copy.argument(0)), constant(24));
        copy.disjoint(at(bytes, 0), constant(3), at(copy.argument(1), 0), constant(3));
        copy.copy(at(bytes, 0), copy.argument(1), copy.argument(2), 3);
        copy.commitAdd(cell(copy.argument(0), 16), constant(1), Order.RELAXED);
        MethodHandle copyBytes = copy.build().handle();
        try (PerCpuItems pointers = new PerCpuItems(24); PerCpuItems words = new PerCpuItems(1 << 16)) {
            long item = pointers.allocate();
            long shared = words.allocate();
            long source = words.allocate();
            words.putLong(source, 0, 0, 0x0605_0403_0201L);
            for (int index = 0; index < pointers.copies(); index++) {
                pointers.putLong(item, index, 0, shared + 4L * index);
                pointers.putLong(item, index, 8, shared + BYTES_AT + 3L * index);
            }
            inThreads(virtual, _ -> {
                for (int i = 0; i < SIDE_BY_SIDE * ROUNDS; i++) {
                    assertEquals(0, (long) addInt.invokeExact(item));
                    assertEquals(0, (long) copyBytes.invokeExact(item, source + i % 2 * 3L, 3L));
                }
            });
            long added = 0;
            for (int index = 0; index < pointers.copies(); index++) {
                added += bytes(words, shared, 4 * index, 4);
                long copied = bytes(words, shared, BYTES_AT + 3 * index, 3);
                assertTrue(copied == 0 || copied == 0x03_0201 || copied == 0x06_0504, Long.toHexString(copied));
            }
            assertEquals((long) SIDE_BY_SIDE * ROUNDS * THREADS, added);
            assertEquals((long) SIDE_BY_SIDE * ROUNDS * THREADS, sum(pointers, item, 16));
        }
    }

    /** A thread that pops a node is its only owner, and no node is lost. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void handsOutEachNodeOfAListOnce(boolean virtual) throws Throwable {
        try (PerCpuItems items = new PerCpuItems(16); PerCpuItems heads = new PerCpuItems(8)) {
            long head = heads.allocate();
            int nodes = 3 * THREADS;
            List<Long> all = new ArrayList<>();
            for (int i = 0; i < nodes; i++) {
                long node = items.allocate();
                all.add(node);
                items.putLong(node, 0, 0, i);
                assertEquals(0, PUSH.call(head, node).value());
            }
            AtomicInteger[] owners = new AtomicInteger[nodes];
            for (int i = 0; i < nodes; i++) {
                owners[i] = new AtomicInteger();
            }
            inThreads(virtual, _ -> {
                for (int i = 0; i < ROUNDS; i++) {
                    SectionResult popped = i % 2 == 0 ? POP.call(head)
                            : POP.result((long) POP_HANDLE.invokeExact(head));
                    if (!popped.isCommitted()) {
                        assertEquals(UserSections.EMPTY, popped.exit());
                        continue;
                    }
                    long node = popped.value();
                    int number = (int) items.getLong(node, 0, 0);
                    assertEquals(1, owners[number].incrementAndGet(), "owners of node " + number);
                    owners[number].decrementAndGet();
                    assertEquals(0, PUSH.call(head, node).value());
                }
            });
            List<Long> found = new ArrayList<>();
            for (long first : words(heads, head, 0)) {
                for (long node = first; node != 0; node = items.getLong(node, 0, UserSections.NEXT_BYTES)) {
                    found.add(node);
                    assertTrue(found.size() <= nodes, "a node is on a list twice");
                }
            }
            assertEquals(all.stream().sorted().toList(), found.stream().sorted().toList());
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void returnsEachCountOfACopyOnce(boolean virtual) throws InterruptedException {
        try (PerCpuItems items = new PerCpuItems(8)) {
            long item = items.allocate();
            AtomicLong returned = new AtomicLong();
            inThreads(virtual, _ -> {
                for (int i = 0; i < ROUNDS; i++) {
                    returned.addAndGet(i % 2 == 0 ? FETCH_ADD.call(item, 1).value()
                            : (long) FETCH_ADD_HANDLE.invokeExact(item, 1L));
                }
            });
            List<Long> counts = words(items, item, 0);
            assertEquals((long) THREADS * ROUNDS, sum(items, item, 0));
            assertEquals(counts.stream().mapToLong(n -> n * (n - 1) / 2).sum(), returned.get(),
                    "0, 1, 2, ... of each copy, seed=" + SEED);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void returnsTheNumberOfCommittedSections(boolean virtual) throws InterruptedException {
        RestartableSection take = UserSections.take();
        try (PerCpuItems items = new PerCpuItems(24)) {
            long item = items.allocate();
            long each = 2000;
            for (int index = 0; index < items.copies(); index++) {
                items.putLong(item, index, 8, each);
            }
            AtomicLong taken = new AtomicLong();
            inThreads(virtual, _ -> {
                for (int i = 0; i < ROUNDS; i++) {
                    SectionResult result = take.call(item, 5);
                    assertEquals(result.isCommitted() ? 3 : 1, result.committedSections());
                    assertTrue(result.orElse(5) == 5 && (result.isCommitted() || result.isExit(UserSections.EMPTY)),
                            result.toString());
                    taken.addAndGet(result.isCommitted() ? 1 : 0);
                }
            });
            assertEquals((long) THREADS * ROUNDS, sum(items, item, 0));
            assertEquals(each * items.copies() - taken.get(), sum(items, item, 8));
            assertEquals(5 * taken.get(), sum(items, item, 16));
            assertTrue(taken.get() >= each && taken.get() < (long) THREADS * ROUNDS, "both ends were reached");
        }
    }

    @Test
    void copiesBytesAndRefusesMoreThanItsBound() {
        RestartableSection append = UserSections.append();
        try (PerCpuItems items = new PerCpuItems(UserSections.LOG_BYTES)) {
            long item = items.allocate();
            long source = items.allocate();
            for (int i = 0; i < 8; i++) {
                items.putLong(source, 0, 8 * i, 100L + i);
            }
            assertTrue(append.call(item, source, 40).isCommitted());
            int index = words(items, item, 0).indexOf(40L);
            for (int i = 0; i < 6; i++) {
                assertEquals(i < 5 ? 100 + i : 0, items.getLong(item, index, 8 + 8 * i));
            }
            // The thread may move to another CPU. There an empty log and a negative length would end in exit FULL.
            for (int i = 0; i < items.copies(); i++) {
                items.putLong(item, i, 0, 40);
            }
            List<Long> lengths = words(items, item, 0);
            for (long length : new long[] {49, 4000, -1, -40}) {
                Exception refusal = assertThrows(IllegalArgumentException.class,
                        () -> append.call(item, source, length));
                assertTrue(String.valueOf(refusal.getMessage()).contains("a2=" + length + ", must be 0 to 48"),
                        refusal.toString());
                assertEquals(lengths, words(items, item, 0));
            }
            SectionResult result = append.call(item, source, 48);
            while (result.isCommitted()) {
                result = append.call(item, source, 48);
            }
            assertEquals(UserSections.FULL, result.exit());
        }
    }

    @Test
    void refusesALongerDelayThanItsBoundAndNamesTheCommittedSections() {
        RestartableSection delayed = UserSections.delayed();
        try (PerCpuItems items = new PerCpuItems(16)) {
            long item = items.allocate();
            assertEquals(0, delayed.call(item, 1000).value());
            Exception refusal = assertThrows(IllegalArgumentException.class, () -> delayed.call(item, 1001));
            assertTrue(String.valueOf(refusal.getMessage()).contains("section=add_delay_add_1, completed=1"),
                    refusal.toString());
            assertTrue(String.valueOf(refusal.getMessage()).contains("a1=1001, must be 0 to 1000"), refusal.toString());
            assertEquals(2, sum(items, item, 0));
            assertEquals(1, sum(items, item, 8));
        }
    }

    @Test
    void refusesALoadedLengthAboveItsBound() {
        SectionBuilder steps = new SectionBuilder("copy_loaded", 2);
        Register length = steps.load(cell(steps.argument(0)));
        steps.disjoint(cell(steps.argument(0), 16), constant(8), at(steps.argument(1), 0), constant(8));
        steps.copy(cell(steps.argument(0), 16), steps.argument(1), length, 8);
        RestartableSection copy = steps.commitAdd(cell(steps.argument(0), 8), constant(1), Order.RELAXED).build();
        try (PerCpuItems items = new PerCpuItems(24)) {
            long item = items.allocate();
            assertEquals(0, copy.call(item, item).value());
            for (int index = 0; index < items.copies(); index++) {
                items.putLong(item, index, 0, 9);
            }
            assertThrows(IllegalStateException.class, () -> copy.call(item, item));
            assertEquals(1, sum(items, item, 8));
        }
    }

    @Test
    void commitsNothingWhenTheResultWouldBeNegative() {
        RestartableSection fetchAdd = UserSections.fetchAdd();
        try (PerCpuItems items = new PerCpuItems(8)) {
            for (long before : new long[] {-1, -2, -16, -23, -259, Long.MIN_VALUE}) {
                long item = items.allocate();
                for (int index = 0; index < items.copies(); index++) {
                    items.putLong(item, index, 0, before);
                }
                assertThrows(ArithmeticException.class, () -> fetchAdd.call(item, 1), "result " + before);
                assertEquals(before * items.copies(), sum(items, item, 0), "copies of " + before);
            }
            long item = items.allocate();
            for (int index = 0; index < items.copies(); index++) {
                items.putLong(item, index, 0, Long.MAX_VALUE);
            }
            assertEquals(Long.MAX_VALUE, fetchAdd.call(item, -5).value());
        }
    }

    /** Steps over many temporaries, of which four are live at once, compute what the same steps in Java compute. */
    @Test
    void computesTheSameWhenTemporariesShareTheMachines() {
        SplittableRandom random = new SplittableRandom(SEED);
        try (PerCpuItems items = new PerCpuItems(8)) {
            long item = items.allocate();
            for (int round = 0; round < 8; round++) {
                SectionBuilder steps = new SectionBuilder("computes", 3);
                List<Register> registers = new ArrayList<>(List.of(steps.argument(1), steps.argument(2)));
                List<Long> values = new ArrayList<>(List.of(random.nextLong(), random.nextLong()));
                for (int i = 0; i < 15; i++) {
                    int read = random.nextInt(Math.max(0, registers.size() - 6), registers.size());
                    int target = random.nextInt(2, Math.max(3, registers.size()));
                    try {
                        switch (target < registers.size() ? random.nextInt(4) : 0) {
                            case 1 -> {
                                steps.add(registers.get(target), registers.get(read));
                                values.set(target, values.get(target) + values.get(read));
                            }
                            case 2 -> {
                                steps.subtract(registers.get(target), registers.get(read));
                                values.set(target, values.get(target) - values.get(read));
                            }
                            default -> {
                                registers.add(steps.move(registers.get(read)));
                                values.add(values.get(read));
                            }
                        }
                    } catch (IllegalArgumentException e) {
                        assertTrue(String.valueOf(e.getMessage()).contains("5 temporaries are live"), e.toString());
                    }
                }
                Register result = registers.getLast();
                steps.and(result, constant(Long.MAX_VALUE)).result(result);
                RestartableSection section = steps.commitAdd(cell(steps.argument(0)), constant(1), Order.RELAXED)
                        .build();
                SectionResult computed = section.call(item, values.get(0), values.get(1));
                assertEquals(values.getLast() & Long.MAX_VALUE, computed.value(),
                        "seed=" + SEED + ", round=" + round + ", " + section);
            }
        }
    }

    @Test
    void addsDoublesOfManyThreads() throws InterruptedException {
        SectionBuilder steps = new SectionBuilder("add_twice", 2);
        steps.commitAddDouble(cell(steps.argument(0), 8), steps.argument(1), Order.RELEASE).next();
        RestartableSection section = steps.commitAddDouble(cell(steps.argument(0)),
                constant(Double.doubleToRawLongBits(-0.25)), Order.RELAXED).build();
        try (PerCpuItems items = new PerCpuItems(16)) {
            long item = items.allocate();
            inThreads(false, _ -> {
                for (int i = 0; i < ROUNDS; i++) {
                    section.call(item, Double.doubleToRawLongBits(i % 4 / 4.0));
                }
            });
            double one = 0;
            double other = 0;
            for (int index = 0; index < items.copies(); index++) {
                one += Double.longBitsToDouble(items.getLong(item, index, 0));
                other += Double.longBitsToDouble(items.getLong(item, index, 8));
            }
            assertEquals(THREADS * ROUNDS * -0.25, one);
            assertEquals(THREADS * (ROUNDS / 4) * 1.5, other);
        }
    }

    @Test
    void linksAHandleWithOneLongForEachArgument() throws Throwable {
        for (int arguments : new int[] {1, 2, 7, 16}) {
            SectionBuilder steps = new SectionBuilder("returns_last", arguments);
            try (PerCpuItems items = new PerCpuItems(8)) {
                long item = items.allocate();
                RestartableSection section = steps.result(steps.argument(arguments - 1))
                        .commitAdd(cell(steps.argument(0)), constant(1), Order.RELAXED).build();
                MethodHandle handle = section.handle();
                Class<?>[] longs = new Class<?>[arguments];
                Arrays.fill(longs, long.class);
                assertEquals(MethodType.methodType(long.class, longs), handle.type());
                long[] values = new long[arguments];
                Arrays.fill(values, item);
                assertEquals(item, section.call(values).value());
                assertEquals(1, sum(items, item, 0));
                assertThrows(IllegalArgumentException.class, () -> section.call(new long[arguments + 1]));
            }
        }
    }

    @Test
    void runsSectionsOfOneNameIndependently() throws InterruptedException {
        List<RestartableSection> sections = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            SectionBuilder steps = new SectionBuilder("load_add_store_relaxed", 2);
            sections.add(steps.commitAdd(cell(steps.argument(0), 8 * (i / 2)), steps.argument(1), Order.RELAXED)
                    .restarts(i % 2).build());
        }
        PerCpuCounter counter = new PerCpuCounter();
        try (PerCpuItems items = new PerCpuItems(16)) {
            long item = items.allocate();
            inThreads(false, _ -> {
                for (int i = 0; i < ROUNDS; i++) {
                    assertEquals(0, sections.get(i % 4).call(item, 1L << 8 * (i % 4)).value());
                    counter.increment();
                }
            });
            long each = (long) THREADS * ROUNDS / 4;
            assertEquals(each * 0x101L, sum(items, item, 0));
            assertEquals(each * 0x101_0000L, sum(items, item, 8));
            assertEquals((long) THREADS * ROUNDS, counter.sum());
        }
    }

    @Test
    void listsStepsAndCodeOfEitherArchitecture() {
        RestartableSection take = UserSections.take();
        assertTrue(take.listing().contains("section try_take_add_1") && take.listing().contains("<- commit"),
                take.listing());
        for (String architecture : new String[] {"x64", "aarch64"}) {
            String listing = take.listing(architecture);
            assertTrue(listing.contains("try_take_add(a0, a1) on " + architecture), listing);
            assertTrue(listing.contains("exit 0 if t0 EQ 0"), listing);
        }
        Exception refusal = assertThrows(IllegalArgumentException.class, () -> take.listing("vax"));
        assertTrue(String.valueOf(refusal.getMessage()).contains("architecture=vax, must be one of x64, aarch64"));
    }

    @Test
    void provesAbortsOrNamesTheReasonAndTheRemedy() {
        RestartableSection take = UserSections.take();
        if (Rseq.availability().available()) {
            RestartableSection.AbortReport report = take.proveAborts(SEED);
            assertTrue(report.boundaries() > 9 && report.aborts() >= report.boundaries(), report.toString());
        } else {
            String message = String.valueOf(assertThrows(UnsupportedOperationException.class,
                    () -> take.proveAborts(SEED)).getMessage());
            assertTrue(message.contains(Rseq.availability().reason())
                    && message.contains(Rseq.availability().remedy()), message);
        }
    }
}
