package io.github.rseq4j.interpreter;

import static io.github.rseq4j.ir.Operand.arg;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.ir.Mem;
import io.github.rseq4j.ir.Operand;
import io.github.rseq4j.ir.Section;
import io.github.rseq4j.ir.Status;
import io.github.rseq4j.ir.Step;
import io.github.rseq4j.ir.Width;
import io.github.rseq4j.section.Condition;
import io.github.rseq4j.section.Order;
import io.github.rseq4j.sections.LoadAddStore;
import io.github.rseq4j.sections.LoadAddStoreStore;
import io.github.rseq4j.sections.LoadCbneStore;
import io.github.rseq4j.sections.LoadLoadAddStore;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodType;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The bytecode of the fallback: its type, its stripes, its lock, and no lost update between threads. */
final class FallbackTest {
    private static final int STRIDE_SHIFT = 16;
    private static final int UPDATES = 20_000;
    private static final int THREADS = 6;

    @ParameterizedTest
    @CsvSource({"-1, 1", "0, 1", "1, 1", "2, 2", "3, 4", "4, 4", "5, 8", "32, 32", "33, 64", "64, 64", "65, 64",
        "4096, 64"})
    void hasAPowerOfTwoOfStripesForTheProcessors(int processors, int stripes) {
        Fallback fallback = new Fallback(processors, STRIDE_SHIFT);
        assertEquals(stripes, fallback.stripes());
        int index = fallback.index();
        assertTrue(index >= 0 && index < stripes, "index=" + index);
        assertEquals(index, fallback.index(), "a thread keeps its stripe");
    }

    @ParameterizedTest
    @MethodSource("io.github.rseq4j.machine.SampleSections#all")
    void hasTheTypeOfTheEmittedFunction(Chain chain) {
        Fallback fallback = new Fallback(2, STRIDE_SHIFT);
        assertEquals(MethodType.methodType(long.class, Collections.nCopies(chain.arguments(), long.class)),
                fallback.handle(chain).type());
    }

    /** Platform threads and virtual ones, on one stripe that they all contend for, and on several. */
    @ParameterizedTest
    @ValueSource(ints = {1, 8})
    void losesNoUpdateBetweenThreads(int processors) throws InterruptedException {
        Fallback fallback = new Fallback(processors, STRIDE_SHIFT);
        MethodHandle add = fallback.handle(LoadAddStore.ONE);
        assertNoneIsLost(fallback, add, add);
    }

    /** Additions without the lock, between such under the lock. */
    @ParameterizedTest
    @ValueSource(ints = {1, 8})
    void losesNoAdditionWithoutTheLock(int processors) throws InterruptedException {
        Fallback fallback = new Fallback(processors, STRIDE_SHIFT);
        assertNoneIsLost(fallback, fallback.additions(LoadAddStore.ONE), fallback.handle(LoadAddStore.ONE));
    }

    @Test
    void additionsTakeNoLock() throws Throwable {
        Fallback fallback = new Fallback(1, STRIDE_SHIFT);
        long base = fallback.memory().reserve(1L << STRIDE_SHIFT);
        MethodHandle two = fallback.additions(LoadAddStore.TWO);
        MethodHandle table = fallback.additions(LoadLoadAddStore.of(2));
        fallback.memory().putLong(base + 64, base);
        fallback.memory().putLong(base + 72, base + 8);
        fallback.lock(0).acquire();
        assertEquals(0, (long) two.invokeExact(base, 1L, base + 8, 10L));
        assertEquals(0, (long) table.invokeExact(base + 64, 100L, 1000L));
        assertEquals(101, fallback.memory().getLong(base));
        assertEquals(1010, fallback.memory().getLong(base + 8));
    }

    @Test
    void refusesOtherStepsWithoutTheLock() {
        Fallback fallback = new Fallback(1, STRIDE_SHIFT);
        for (Chain chain : List.of(LoadAddStore.INT, LoadCbneStore.RELAXED, LoadAddStoreStore.RELAXED)) {
            IllegalArgumentException e = assertThrows(IllegalArgumentException.class,
                    () -> fallback.additions(chain));
            assertTrue(String.valueOf(e.getMessage()).startsWith("chain=" + chain.name() + ", step="), e.getMessage());
        }
    }

    private static void assertNoneIsLost(Fallback fallback, MethodHandle even, MethodHandle odd)
            throws InterruptedException {
        long base = fallback.memory().reserve((long) fallback.stripes() << STRIDE_SHIFT);
        Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
        CountDownLatch start = new CountDownLatch(1);
        List<Thread> threads = new ArrayList<>();
        for (int t = 0; t < THREADS; t++) {
            Thread.Builder builder = t % 3 == 0 ? Thread.ofVirtual() : Thread.ofPlatform();
            MethodHandle add = t % 2 == 0 ? even : odd;
            threads.add(builder.start(() -> {
                try {
                    start.await();
                    for (int i = 0; i < UPDATES; i++) {
                        assertEquals(0, (long) add.invokeExact(base, 3L));
                    }
                } catch (Throwable e) {
                    failures.add(e);
                }
            }));
        }
        start.countDown();
        for (Thread thread : threads) {
            thread.join();
        }
        assertNull(failures.peek());
        long sum = 0;
        for (int stripe = 0; stripe < fallback.stripes(); stripe++) {
            sum += fallback.memory().getLong(base + ((long) stripe << STRIDE_SHIFT));
        }
        assertEquals(3L * THREADS * UPDATES, sum);
    }

    /** After an exit, an out-of-range status and an exception, another thread gets the only lock. */
    @Test
    void releasesTheLockOnEveryWayOut() throws Throwable {
        Fallback fallback = new Fallback(1, STRIDE_SHIFT);
        long base = fallback.memory().reserve(1L << STRIDE_SHIFT);
        Chain exits = Chain.of(2, new Section("exit_add", List.of(
                new Step.Delay(arg(1), 4),
                new Step.ExitIf(Condition.EQUAL, arg(1), Operand.imm(1), Width.LONG, 2),
                new Step.CommitAdd(Mem.cell(arg(0)), Operand.imm(1), Width.LONG, Order.RELAXED)), null));
        MethodHandle handle = fallback.handle(exits);
        assertEquals(Status.failure(Status.EXIT + 2, 0), (long) handle.invokeExact(base, 1L));
        assertEquals(Status.failure(Status.OUT_OF_RANGE, 0), (long) handle.invokeExact(base, 5L));
        assertThrows(IndexOutOfBoundsException.class, () -> handle.invokeWithArguments(0L, 0L));
        assertEquals(0, fallback.lock(0).held, "this thread has released the lock");
        long[] answer = {Long.MIN_VALUE};
        Thread other = Thread.ofPlatform().daemon().start(() -> {
            try {
                answer[0] = (long) handle.invokeExact(base, 2L);
            } catch (Throwable e) {
                throw new IllegalStateException(e);
            }
        });
        other.join(10_000);
        assertEquals(0, answer[0], "another thread gets the lock");
        assertEquals(1, fallback.memory().getLong(base));
    }

    @Test
    void chainsDoNotShareTheirCode() throws Throwable {
        Fallback fallback = new Fallback(1, STRIDE_SHIFT);
        long base = fallback.memory().reserve(1L << STRIDE_SHIFT);
        MethodHandle one = fallback.handle(LoadAddStore.ONE);
        MethodHandle two = fallback.handle(LoadAddStore.TWO);
        assertEquals(0, (long) one.invokeExact(base, 1L));
        assertEquals(0, (long) two.invokeExact(base, 10L, base + 8, 100L));
        assertEquals(11, fallback.memory().getLong(base));
        assertEquals(100, fallback.memory().getLong(base + 8));
    }
}
