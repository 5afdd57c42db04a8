package io.github.rseq4j.percpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A counter keeps LongAdder's contract, on restartable sequences and on the fallback. */
final class PerCpuCounterTest {
    private static final int THREADS = 8;
    private static final int ADDITIONS = 200_000;

    @Test
    void startsAtZero() {
        assertEquals(0, new PerCpuCounter().sum());
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1, -1, 127, 128, Integer.MAX_VALUE, Integer.MIN_VALUE, 1L << 32, Long.MAX_VALUE,
        Long.MIN_VALUE, Long.MIN_VALUE + 1})
    void addsAnyNumberLikeLongAdder(long delta) {
        PerCpuCounter counter = new PerCpuCounter();
        LongAdder adder = new LongAdder();
        for (int i = 0; i < 3; i++) {
            counter.add(delta);
            adder.add(delta);
        }
        assertEquals(adder.sum(), counter.sum());
        assertEquals(adder.longValue(), counter.longValue());
        assertEquals(adder.intValue(), counter.intValue());
        assertEquals(adder.floatValue(), counter.floatValue());
        assertEquals(adder.doubleValue(), counter.doubleValue());
        assertEquals(adder.toString(), counter.toString());
    }

    @Test
    void incrementsAndDecrements() {
        PerCpuCounter counter = new PerCpuCounter();
        counter.increment();
        counter.increment();
        counter.decrement();
        assertEquals(1, counter.sum());
    }

    @Test
    void sumThenResetReturnsTheSumAndStartsAtZero() {
        PerCpuCounter counter = new PerCpuCounter();
        counter.add(5);
        assertEquals(5, counter.sumThenReset());
        assertEquals(0, counter.sum());
        counter.add(-2);
        assertEquals(-2, counter.sum());
        counter.reset();
        assertEquals(0, counter.sumThenReset());
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void countsEveryUpdateOfManyThreads(boolean virtual) throws InterruptedException {
        PerCpuCounter counter = new PerCpuCounter();
        run(virtual, () -> {
            for (int i = 0; i < ADDITIONS; i++) {
                counter.add(i % 7 - 2);
            }
        });
        long once = 0;
        for (int i = 0; i < ADDITIONS; i++) {
            once += i % 7 - 2;
        }
        assertEquals(THREADS * once, counter.sum());
    }

    @Test
    void resetsDuringAdditionsLoseNothing() throws InterruptedException {
        PerCpuCounter counter = new PerCpuCounter();
        List<Thread> threads = start(false, () -> {
            for (int i = 0; i < ADDITIONS; i++) {
                counter.increment();
            }
        });
        long harvested = 0;
        while (threads.stream().anyMatch(Thread::isAlive)) {
            long part = counter.sumThenReset();
            harvested += part;
        }
        join(threads);
        assertEquals((long) THREADS * ADDITIONS, harvested + counter.sum());
    }

    @Test
    void isSerializedAsItsSum() throws IOException, ClassNotFoundException {
        PerCpuCounter counter = new PerCpuCounter();
        counter.add(42);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
            out.writeObject(counter);
        }
        PerCpuCounter read;
        try (ObjectInputStream in = new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
            read = (PerCpuCounter) in.readObject();
        }
        read.increment();
        assertEquals(43, read.sum());
        assertEquals(42, counter.sum());
    }

    @Test
    void manyCountersAreIndependent() {
        PerCpuCounters ignored = new PerCpuCounters(1);
        List<PerCpuCounter> counters = new ArrayList<>();
        for (int i = 0; i < 1000; i++) {
            counters.add(new PerCpuCounter());
            counters.get(i).add(i);
        }
        for (int i = 0; i < counters.size(); i++) {
            assertEquals(i, counters.get(i).sum());
        }
        assertThrows(IndexOutOfBoundsException.class, () -> ignored.add(1, 1));
    }

    private static void run(boolean virtual, Runnable body) throws InterruptedException {
        join(start(virtual, body));
    }

    private static List<Thread> start(boolean virtual, Runnable body) {
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < THREADS; i++) {
            threads.add(virtual ? Thread.ofVirtual().start(body) : Thread.ofPlatform().start(body));
        }
        return threads;
    }

    private static void join(List<Thread> threads) throws InterruptedException {
        for (Thread thread : threads) {
            thread.join();
        }
    }
}
