package io.github.rseq4j.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.Rseq;
import io.github.rseq4j.trace.common.TraceTime;
import io.github.rseq4j.trace.ctf.TraceEvent;
import io.github.rseq4j.trace.ctf.TraceReader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLongArray;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.io.TempDir;

/** Times across CPUs, with each clock and on the fallback: an effect has no earlier time than its cause. */
final class TraceOrderTest {
    /*
     * Each thread publishes a number after an event, and reads its neighbour's number before its next event. In a burst
     * no thread waits, and no branch depends on the number that was read: only the read of the clock itself keeps the
     * clock's value later than a load that misses the cache. The threads meet before each burst, because a burst shows
     * nothing while one of them has no CPU. On a busy machine there are fewer bursts.
     */
    private static final int THREADS = Math.clamp(Runtime.getRuntime().availableProcessors(), 2, 4);
    private static final int BURSTS = 250;
    private static final int MESSAGES = 1000;
    private static final int ALL = BURSTS * MESSAGES;
    private static final long NANOS = 5_000_000_000L;
    private static final int SPINS = 10_000;
    private static final int ROUNDS = 3;
    /** A slot has a cache line of its own, with its neighbours'. */
    private static final int SLOT = 32;

    /** The recorded events. */
    interface Messages {
        void sent(long from, long number);

        void seen(long from, long number);

        void wrote(long from, String number);

        void read(long from, String number);
    }

    /** Records of every length, the last of which are copied. */
    interface Lengths {
        void one(long n);

        void two(long n, long a);

        void three(long n, long a, long b);

        void four(long n, long a, long b, long c);

        void five(long n, long a, long b, long c, long d);

        void eight(long n, long a, long b, long c, long d, long e, long f, long g);

        void text(long n, String text);
    }

    /** Returns how many messages it sent. */
    private static int talk(Messages messages, AtomicLongArray slots, AtomicInteger met, int me) {
        long end = System.nanoTime() + NANOS;
        int n = 0;
        for (int burst = 1; burst <= BURSTS && meet(met, burst, end); burst++) {
            n = talk(messages, slots, me, n);
        }
        return n;
    }

    private static int talk(Messages messages, AtomicLongArray slots, int me, int before) {
        int neighbour = (me + 1) % THREADS;
        int n = before;
        for (int i = 0; i < MESSAGES; i++) {
            n++;
            if ((n & 7) == 0) {
                String text = Integer.toString(n);
                messages.read(neighbour, Long.toString(slots.getAcquire(neighbour * SLOT)));
                messages.wrote(me, text);
            } else {
                messages.seen(neighbour, slots.getAcquire(neighbour * SLOT));
                messages.sent(me, n);
            }
            slots.setRelease(me * SLOT, n);
        }
        return n;
    }

    /** Waits until all threads run, or it is time to end. */
    @SuppressWarnings("ThreadPriorityCheck") // Others must run first where there are few CPUs.
    private static boolean meet(AtomicInteger met, int burst, long end) {
        met.incrementAndGet();
        for (int spins = 0; met.getAcquire() < burst * THREADS; spins++) {
            if (spins % SPINS == SPINS - 1) {
                Thread.yield();
                if (System.nanoTime() - end > 0) {
                    return false;
                }
            }
        }
        return true;
    }

    private static long number(TraceEvent event) {
        return Long.parseLong(String.valueOf(event.values().get(1)));
    }

    /**
     * The unordered clock shows whether this machine tells: where it inverts some times, the ordered one was asked as
     * often and inverted none. Where it shows nothing in so many rounds, nothing more can be said.
     */
    @Test
    void noEventIsStampedBeforeOneThatHappenedBeforeIt(@TempDir Path folder, TestReporter reporter) throws Exception {
        TracerOptions options = TracerOptions.defaults().withSubBuffers(1 << 20, 16);
        boolean isCounter = Rseq.availability().available() && !TraceTime.isGiven();
        int unordered = 0;
        int round = 0;
        do {
            unordered += isCounter ? early(folder.resolve("unordered" + round), options.withUnorderedTime()).size() : 0;
            List<String> early = early(folder.resolve("ordered" + round), options);
            assertEquals(0, early.size(), () -> early.size() + ": " + early.getFirst());
            round++;
        } while (isCounter && unordered == 0 && round < ROUNDS);
        reporter.publishEntry("times that the unordered clock inverted in " + round + " rounds",
                Integer.toString(unordered));
    }

    /** Records messages, and returns those that have an earlier time than what they tell of. */
    private static List<String> early(Path folder, TracerOptions options) throws Exception {
        try (Tracer tracer = Tracer.streaming(folder, options)) {
            Messages messages = tracer.probes(Messages.class);
            AtomicLongArray slots = new AtomicLongArray(THREADS * SLOT);
            AtomicInteger met = new AtomicInteger();
            List<Future<Integer>> running = new ArrayList<>();
            try (ExecutorService threads = Executors.newFixedThreadPool(THREADS)) {
                for (int i = 0; i < THREADS; i++) {
                    int me = i;
                    running.add(threads.submit(() -> talk(messages, slots, met, me)));
                }
            }
            for (Future<Integer> each : running) {
                assertTrue(each.get() >= MESSAGES);
            }
        }
        long[][] sent = new long[THREADS][ALL + 1];
        List<TraceEvent> effects = new ArrayList<>();
        try (TraceReader reader = new TraceReader(folder)) {
            for (TraceEvent event = reader.next(); event != null; event = reader.next()) {
                String name = event.type().name();
                if (name.equals("messages:sent") || name.equals("messages:wrote")) {
                    sent[(int) (long) event.values().get(0)][(int) number(event)] = event.timestamp();
                } else {
                    effects.add(event);
                }
            }
            assertEquals(List.of(), reader.problems());
        }
        List<String> early = new ArrayList<>();
        for (TraceEvent effect : effects) {
            // 0 where the cause found no room in its ring.
            long cause = sent[(int) (long) effect.values().get(0)][(int) number(effect)];
            if (effect.timestamp() < cause) {
                early.add(effect.values() + " on CPU " + effect.cpu() + " by " + (cause - effect.timestamp()));
            }
        }
        return early;
    }

    @Test
    void eachRecordIsWrittenInTheOrderOfItsCpuWhereTimesAreUnordered(@TempDir Path folder) throws Exception {
        int rounds = 5000;
        TracerOptions options = TracerOptions.defaults().withSubBuffers(1 << 18, 16).withUnorderedTime();
        try (Tracer tracer = Tracer.streaming(folder, options)) {
            Lengths lengths = tracer.probes(Lengths.class);
            for (int n = 0; n < rounds; n++) {
                lengths.one(n);
                lengths.two(n, 1);
                lengths.three(n, 1, 2);
                lengths.four(n, 1, 2, 3);
                lengths.five(n, 1, 2, 3, 4);
                lengths.eight(n, 1, 2, 3, 4, 5, 6, 7);
                lengths.text(n, "abc");
            }
            assertEquals(0, tracer.stats().discarded() + tracer.stats().lost());
        }
        Map<String, Long> next = new HashMap<>();
        try (TraceReader reader = new TraceReader(folder)) {
            for (TraceEvent event = reader.next(); event != null; event = reader.next()) {
                String name = event.type().name();
                assertEquals(next.getOrDefault(name, 0L), event.values().getFirst(), name);
                next.merge(name, 1L, Long::sum);
                for (int i = 1; i < event.values().size() && !name.endsWith("text"); i++) {
                    assertEquals((long) i, event.values().get(i), name);
                }
            }
            assertEquals(List.of(), reader.problems());
        }
        assertEquals(7, next.size());
        next.values().forEach(count -> assertEquals(rounds, count));
    }
}
