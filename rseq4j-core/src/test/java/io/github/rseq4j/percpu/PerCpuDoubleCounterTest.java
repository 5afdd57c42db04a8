package io.github.rseq4j.percpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.DoubleAdder;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A counter of doubles keeps DoubleAdder's contract, on restartable sequences and on the fallback. */
final class PerCpuDoubleCounterTest {
    private static final int THREADS = 8;
    private static final int ADDITIONS = 100_000;

    @ParameterizedTest
    @ValueSource(doubles = {0.0, -0.0, 1, -1, 0.1, 1e300, Double.MIN_VALUE, Double.MAX_VALUE, -Double.MAX_VALUE,
        Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, Double.NaN, 0x1p53})
    void addsAnyNumberLikeDoubleAdder(double delta) {
        PerCpuDoubleCounter counter = new PerCpuDoubleCounter();
        DoubleAdder adder = new DoubleAdder();
        assertEquals(0.0, counter.sum());
        counter.add(delta);
        adder.add(delta);
        assertEquals(adder.sum(), counter.sum());
        assertEquals(adder.doubleValue(), counter.doubleValue());
        assertEquals(adder.floatValue(), counter.floatValue());
        assertEquals(adder.longValue(), counter.longValue());
        assertEquals(adder.intValue(), counter.intValue());
        assertEquals(adder.toString(), counter.toString());
        counter.add(delta);
        adder.add(delta);
        assertEquals(adder.sum(), counter.sum());
    }

    @Test
    void infinitiesOfBothSignsGiveNotANumber() {
        PerCpuDoubleCounter counter = new PerCpuDoubleCounter();
        counter.add(Double.POSITIVE_INFINITY);
        assertEquals(Double.POSITIVE_INFINITY, counter.sum());
        counter.add(Double.NEGATIVE_INFINITY);
        assertEquals(Double.NaN, counter.sum());
        counter.reset();
        assertEquals(Double.NaN, counter.sum());
    }

    @Test
    void sumThenResetReturnsTheSumAndStartsAtZero() {
        PerCpuDoubleCounter counter = new PerCpuDoubleCounter();
        counter.add(5.5);
        assertEquals(5.5, counter.sumThenReset());
        assertEquals(0, counter.sum());
        counter.add(-2);
        assertEquals(-2, counter.sum());
        counter.reset();
        assertEquals(0, counter.sumThenReset());
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void addsEveryUpdateOfManyThreads(boolean virtual) throws InterruptedException {
        PerCpuDoubleCounter counter = new PerCpuDoubleCounter();
        join(start(virtual, () -> {
            for (int i = 0; i < ADDITIONS; i++) {
                counter.add(i % 7 / 4.0 - 0.5);
            }
        }));
        double once = IntStream.range(0, ADDITIONS).mapToDouble(i -> i % 7 / 4.0 - 0.5).sum();
        assertEquals(THREADS * once, counter.sum(), "quarters add up exactly in any order");
    }

    @Test
    void resetsDuringAdditionsLoseNothing() throws InterruptedException {
        PerCpuDoubleCounter counter = new PerCpuDoubleCounter();
        List<Thread> threads = start(false, () -> {
            for (int i = 0; i < ADDITIONS; i++) {
                counter.add(0.5);
            }
        });
        double harvested = 0;
        while (threads.stream().anyMatch(Thread::isAlive)) {
            harvested += counter.sumThenReset();
        }
        join(threads);
        assertEquals(THREADS * ADDITIONS * 0.5, harvested + counter.sum());
    }

    @Test
    void isSerializedAsItsSum() throws IOException, ClassNotFoundException {
        PerCpuDoubleCounter counter = new PerCpuDoubleCounter();
        counter.add(42.25);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
            out.writeObject(counter);
        }
        PerCpuDoubleCounter read;
        try (ObjectInputStream in = new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
            read = (PerCpuDoubleCounter) in.readObject();
        }
        read.add(1);
        assertEquals(43.25, read.sum());
        assertEquals(42.25, counter.sum());
    }

    @Test
    void sharesRangesWithCountersOfLongsWithoutMixingThem() {
        List<PerCpuDoubleCounter> doubles = new ArrayList<>();
        List<PerCpuCounter> longs = new ArrayList<>();
        for (int i = 0; i < 500; i++) {
            doubles.add(new PerCpuDoubleCounter());
            longs.add(new PerCpuCounter());
            doubles.get(i).add(i / 2.0);
            longs.get(i).add(i);
        }
        for (int i = 0; i < 500; i++) {
            assertEquals(i / 2.0, doubles.get(i).sum());
            assertEquals(i, longs.get(i).sum());
        }
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
