package io.github.rseq4j.bench.report;

import io.github.rseq4j.bench.Commands;
import io.github.rseq4j.bench.ring.Ring;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.Arrays;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;

/**
 * Measures the CPU time that a producer spends for each push, while a drainer empties the ring. A producer pushes a
 * burst, of which alone the time counts, and begins the next one when the ring has place for all of it. So no ring is
 * ever full. Each ring is measured in JVMs of its own, in turns; the report has medians.
 */
public final class RingReport {
    private static final int[] PRODUCERS = {1, 2, 8};
    private static final int BURST = 1024;
    /** All producers' bursts fit, if all were pushed on one CPU. */
    private static final int CAPACITY = 8 * BURST;
    private static final long PHASE_MILLIS = 1000;
    /** The phases before the measured one. */
    private static final int WARM_UP_PHASES = 2;
    private static final int VALUES = 255;

    private final ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    private final Ring ring;
    private final long phaseNanos;

    private RingReport(String name, long phaseMillis) {
        this.ring = Ring.of(name, CAPACITY);
        this.phaseNanos = TimeUnit.MILLISECONDS.toNanos(phaseMillis);
    }

    /**
     * Runs the report; or, with the name of a ring, is one of its JVMs.
     *
     * @param arguments the number of measurements of each ring (default 5); or the name of a ring, the number of
     *     producers and the milliseconds of a phase, of which there are three
     * @throws IOException if a JVM cannot be started
     * @throws InterruptedException if this thread is interrupted
     */
    public static void main(String[] arguments) throws IOException, InterruptedException {
        if (arguments.length > 0 && Ring.NAMES.contains(arguments[0])) {
            Thread.setDefaultUncaughtExceptionHandler((_, failure) -> {
                failure.printStackTrace();
                Runtime.getRuntime().halt(1);
            });
            System.out.println(new RingReport(arguments[0], Long.parseLong(arguments[2]))
                    .measure(Integer.parseInt(arguments[1])));
            return;
        }
        Table table = new Table("ns of CPU time for a push", Arrays.stream(PRODUCERS)
                .mapToObj(producers -> producers + (producers == 1 ? " producer" : " producers")).toList());
        int rounds = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 5;
        for (int round = 0; round < rounds; round++) {
            for (String name : Ring.NAMES) {
                for (int i = 0; i < PRODUCERS.length; i++) {
                    table.add(name, i, Double.parseDouble(Commands.java(RingReport.class, name,
                            String.valueOf(PRODUCERS[i]), String.valueOf(PHASE_MILLIS))));
                }
            }
        }
        table.print();
    }

    private double measure(int producers) throws InterruptedException {
        double nanos = 0;
        for (int phase = 0; phase <= WARM_UP_PHASES; phase++) {
            nanos = phase(producers);
        }
        return nanos;
    }

    /** Returns the CPU time for each push. */
    private double phase(int producers) throws InterruptedException {
        long earlier = ring.sum();
        LongAdder nanos = new LongAdder();
        LongAdder sum = new LongAdder();
        Permits permits = new Permits();
        CountDownLatch ended = new CountDownLatch(producers);
        for (int i = 0; i < producers; i++) {
            Thread.ofPlatform().daemon().start(() -> {
                Ring.Producer producer = ring.producer();
                while (permits.take()) {
                    long start = threads.getCurrentThreadCpuTime();
                    sum.add(push(producer));
                    nanos.add(threads.getCurrentThreadCpuTime() - start);
                }
                ended.countDown();
            });
        }
        for (long end = System.nanoTime() + phaseNanos; System.nanoTime() < end;) {
            permits.drained(drain());
        }
        permits.isOver = true;
        ended.await();
        permits.drained(drain());
        long pushes = permits.started.get() * BURST;
        if (permits.drained != pushes || ring.sum() - earlier != sum.sum()) {
            throw new IllegalStateException("drained=" + permits.drained + ", pushed=" + pushes + ", drained sum="
                    + (ring.sum() - earlier) + ", pushed sum=" + sum.sum());
        }
        return nanos.sum() / (double) pushes;
    }

    private int drain() {
        int count = ring.drain();
        if (count == 0) {
            giveWay();
        }
        return count;
    }

    private static long push(Ring.Producer producer) {
        long total = 0;
        for (int i = 0; i < BURST; i++) {
            long value = 1L + i % VALUES;
            if (!producer.push(value)) {
                throw new IllegalStateException("a ring with " + CAPACITY + " values is full");
            }
            total += value;
        }
        return total;
    }

    @SuppressWarnings("ThreadPriorityCheck")
    private static void giveWay() {
        Thread.yield();
    }

    /** Lets a burst begin if the ring has place for it and for all that have begun. */
    private static final class Permits {
        private final AtomicLong started = new AtomicLong();
        /** Written by the drainer. */
        private volatile long drained;
        private volatile boolean isOver;

        /** The drainer alone calls this method. */
        @SuppressWarnings("NonAtomicVolatileUpdate")
        void drained(int more) {
            drained += more;
        }

        /** Waits for a permit, and returns false when the phase is over. */
        boolean take() {
            while (!isOver) {
                long bursts = started.get();
                if ((bursts + 1) * BURST - drained > CAPACITY) {
                    giveWay();
                } else if (started.compareAndSet(bursts, bursts + 1)) {
                    return true;
                }
            }
            return false;
        }
    }
}
