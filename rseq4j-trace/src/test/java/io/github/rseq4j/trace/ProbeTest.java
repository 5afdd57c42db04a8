package io.github.rseq4j.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.github.rseq4j.trace.ctf.EventType;
import io.github.rseq4j.trace.ctf.TraceEvent;
import io.github.rseq4j.trace.ring.EventSink;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Names, numbers and spans of events, and how they are enabled and disabled. */
final class ProbeTest {
    private static final int CALLS = 10_000;
    private static final long WAIT_SECONDS = 60;

    @TempDir
    private Path folder = Path.of("");
    private final RecordingSink sink = new RecordingSink();
    private final Providers providers =
            RecordingSink.providers(sink, TracerOptions.DEFAULT_FIELD_BYTES, sink.types::addAll);

    private Probe probe(String name) {
        return providers.all().stream().filter(probe -> probe.name().equals(name)).findFirst().orElseThrow();
    }

    private List<String> recorded() {
        return sink.take(folder).stream().map(event -> event.type().name() + event.values()).toList();
    }

    interface Base {
        void inherited(@Field("n") int n);

        void both(int a);
    }

    interface Other {
        void both(int a);
    }

    interface Requests extends Base, Other {
        int PORT = 80;

        void zero();

        @Event(value = "done", id = 60_000, level = Level.DEBUG)
        void answered(@Field("id") long id, @Field("why") @Nullable String why, @Field("unit") @Nullable TimeUnit unit);

        default void answered(long id, Throwable why) {
            answered(id, why.getMessage(), TimeUnit.DAYS);
        }

        static Requests same(Requests requests) {
            return requests;
        }

        @Override
        String toString();

        @Override
        boolean equals(@Nullable Object other);

        @Override
        int hashCode();
    }

    @Test
    void takesNamesNumbersAndLevelsFromTheInterfaceAndItsAnnotations() {
        Requests requests = Requests.same(providers.probes(Requests.class));
        assertEquals(List.of("requests:done 60000 14", "requests:both 0 6", "requests:inherited 1 6",
                "requests:zero 2 6"),
                sink.types.stream().map(type -> type.name() + " " + type.id() + " " + type.level()).toList());
        assertEquals(List.of("id", "why", "unit"),
                sink.types.getFirst().fields().stream().map(EventType.Field::name).toList());
        requests.zero();
        requests.inherited(Requests.PORT);
        requests.both(7);
        requests.answered(5, new IllegalStateException("late"));
        requests.answered(6, null, null);
        assertEquals(List.of("requests:zero[]", "requests:inherited[80]", "requests:both[7]",
                "requests:done[5, late, DAYS]", "requests:done[6, null, null]"), recorded());
        assertEquals(requests, requests);
        assertNotEquals(requests, new Object());
        assertNotNull(requests.toString());
        assertEquals(System.identityHashCode(requests), requests.hashCode());
        assertEquals("requests:zero (enabled)", probe("requests:zero").toString());
    }

    @Test
    void implementsAProviderOnceForEachTracer() {
        Requests requests = providers.probes(Requests.class);
        assertSame(requests, providers.probes(Requests.class));
        assertEquals(4, sink.types.size());
        Requests ofAnotherTracer = RecordingSink
                .providers(new RecordingSink(), TracerOptions.DEFAULT_FIELD_BYTES, _ -> {})
                .probes(Requests.class);
        ofAnotherTracer.zero();
        assertEquals(0, sink.count(), "each tracer has its own implementation");
        requests.zero();
        assertEquals(1, sink.count());
    }

    @Test
    void declaresAnEventBeforeItCanBeRecorded() {
        List<String> declared = new ArrayList<>();
        Providers observed = RecordingSink.providers(sink, TracerOptions.DEFAULT_FIELD_BYTES, types -> {
            assertEquals(0, sink.count());
            types.forEach(type -> declared.add(type.name()));
        });
        observed.probes(Work.class).step();
        assertEquals(List.of("work:step", "work:unit_begin", "work:unit_end"), declared);
        assertEquals(1, sink.count());
    }

    interface Work {
        void step();

        Span unit(@Field("id") int id);
    }

    @Test
    void recordsTheBeginOfASpanWithFieldsAndItsEndWithout() {
        Work work = providers.probes(Work.class);
        try (Span _ = work.unit(7)) {
            work.step();
            try (Span _ = work.unit(8)) {
                work.step();
            }
        }
        assertEquals(List.of("work:unit_begin[7]", "work:step[]", "work:unit_begin[8]", "work:step[]",
                "work:unit_end[]", "work:unit_end[]"), recorded());
        assertSame(work.unit(1), work.unit(2), "a span allocates nothing");
    }

    @Test
    void recordsTheEndOfASpanExactlyIfItsBeginWasRecorded() {
        Work work = providers.probes(Work.class);
        assertEquals(2, providers.disable("work:unit"));
        try (Span _ = work.unit(7)) {
            assertEquals(2, providers.enable("work:unit"));
        }
        assertEquals(List.of(), recorded());
        try (Span _ = work.unit(8)) {
            assertEquals(2, providers.disable("work:unit"));
        }
        assertEquals(List.of("work:unit_begin[8]", "work:unit_end[]"), recorded());
        providers.enable("work:unit");
        try (Span _ = work.unit(9)) {
            probe("work:unit_end").disable();
        }
        assertEquals(List.of("work:unit_begin[9]", "work:unit_end[]"), recorded());
    }

    @Test
    void disabledProbesRecordNothing() {
        Requests requests = providers.probes(Requests.class);
        assertEquals(1, providers.disable("requests:zero"));
        requests.zero();
        requests.both(1);
        assertFalse(probe("requests:zero").isEnabled());
        assertEquals(4, providers.disable("requests:*"));
        requests.both(2);
        requests.answered(3, "x", TimeUnit.DAYS);
        assertEquals(1, providers.enable("*:inh*d"));
        requests.inherited(4);
        probe("requests:both").enable();
        requests.both(5);
        assertEquals(List.of("requests:both[1]", "requests:inherited[4]", "requests:both[5]"), recorded());
        assertEquals(0, providers.enable("request:*"));
        assertEquals(0, providers.enable("requests:zer"));
        assertEquals(4, providers.enable("*"));
        requests.zero();
        assertEquals(1, sink.count());
    }

    @Test
    void laterProbesFollowEarlierPatterns() {
        providers.disable("*");
        providers.enable("work:*");
        providers.disable("work:step");
        Work work = providers.probes(Work.class);
        Requests requests = providers.probes(Requests.class);
        requests.zero();
        work.step();
        work.unit(1).close();
        assertEquals(List.of("work:unit_begin[1]", "work:unit_end[]"), recorded());
        providers.enable("*");
        providers.probes(Long8.class).wide(1, 2, 3, 4, 5, 6, 7, 8);
        assertEquals(1, sink.count());
    }

    interface Long8 {
        void wide(long a, long b, long c, long d, long e, long f, long g, long h);
    }

    @Test
    void aThreadThatRecordsInALoopSeesAProbeEnabledAndDisabled() throws InterruptedException {
        AtomicBoolean isOver = new AtomicBoolean();
        AtomicLong rounds = new AtomicLong();
        CountingSink counting = new CountingSink();
        Providers counted = RecordingSink.providers(counting, TracerOptions.DEFAULT_FIELD_BYTES, _ -> {});
        Work work = counted.probes(Work.class);
        counted.disable("*");
        Thread loop = Thread.ofPlatform().daemon().start(() -> {
            while (!isOver.get()) {
                // The loop runs long enough to be compiled while it runs. Only the probe reads memory in it.
                for (int i = 0; i < CALLS * 10; i++) {
                    work.step();
                }
                rounds.incrementAndGet();
            }
        });
        try {
            for (int i = 0; i < 50; i++) {
                counted.enable("work:step");
                await(counting, counting.count + 1);
                counted.disable("work:step");
                long soon = rounds.get() + 2;
                while (rounds.get() < soon) {
                    Thread.onSpinWait();
                }
                long after = counting.count;
                while (rounds.get() < soon + 1) {
                    Thread.onSpinWait();
                }
                assertEquals(after, counting.count, "after one more round no event is recorded");
            }
        } finally {
            isOver.set(true);
            loop.join(TimeUnit.SECONDS.toMillis(WAIT_SECONDS));
        }
    }

    private static void await(CountingSink sink, long atLeast) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(WAIT_SECONDS);
        while (sink.count < atLeast) {
            assertTrue(System.nanoTime() < deadline, "the loop does not see that the probe is enabled");
            Thread.onSpinWait();
        }
    }

    @Test
    void keepsRecordsOfConcurrentThreadsApart() throws InterruptedException {
        Texts texts = providers.probes(Texts.class);
        List<Thread> threads = new ArrayList<>();
        for (int t = 0; t < 8; t++) {
            String text = String.valueOf((char) ('a' + t)).repeat(100 + t);
            threads.add(Thread.ofVirtual().start(() -> {
                for (int i = 0; i < 500; i++) {
                    texts.text(i, text, text.getBytes(StandardCharsets.US_ASCII));
                }
            }));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        List<TraceEvent> events = sink.take(folder);
        assertEquals(4000, events.size());
        for (TraceEvent event : events) {
            String text = (String) event.values().get(1);
            assertNotNull(text);
            assertEquals(String.valueOf(text.charAt(0)).repeat(100 + text.charAt(0) - 'a'), text);
            assertEquals(text, new String((byte[]) event.values().get(2), StandardCharsets.US_ASCII));
        }
    }

    interface Texts {
        void text(int i, String text, byte[] bytes);

        void wide(double a, double b, double c, double d, double e, double f, double g, double h, double i);
    }

    @Test
    void doesNotChangeAPassedArray() {
        byte[] passed = {1, 2, 3};
        providers.probes(Texts.class).text(1, "x", passed);
        assertEquals("[1, 2, 3]", Arrays.toString(passed));
    }

    /** Records nothing, so that only the probe is measured. Its fields are plain: only one thread writes them. */
    public static final class CountingSink implements EventSink {
        volatile long count;

        @SuppressWarnings("NonAtomicVolatileUpdate") // One thread writes, others read.
        private void count() {
            count++;
        }

        @Override
        public void record1(int recordBytes, int id, long w0) {
            count();
        }

        @Override
        public void record2(int recordBytes, int id, long w0, long w1) {
            count();
        }

        @Override
        public void record3(int recordBytes, int id, long w0, long w1, long w2) {
            count();
        }

        @Override
        public void record4(int recordBytes, int id, long w0, long w1, long w2, long w3) {
            count();
        }

        @Override
        public void record8(int recordBytes, int id, long w0, long w1, long w2, long w3, long w4, long w5, long w6,
                long w7) {
            count();
        }

        @Override
        public void recordBytes(int id, byte[] fields, int fieldBytes) {
            count();
        }
    }

    @Test
    void allocatesNothing() {
        CountingSink counting = new CountingSink();
        Providers counted = RecordingSink.providers(counting, TracerOptions.DEFAULT_FIELD_BYTES, _ -> {});
        Requests requests = counted.probes(Requests.class);
        Work work = counted.probes(Work.class);
        Texts texts = counted.probes(Texts.class);
        Long8 long8 = counted.probes(Long8.class);
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        byte[] bytes = new byte[10];
        long perRound = Long.MAX_VALUE;
        for (int round = 0; round < 400 && perRound > 0; round++) {
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < CALLS; i++) {
                requests.zero();
                requests.inherited(i);
                work.unit(i).close();
                long8.wide(i, i, i, i, i, i, i, i);
                texts.wide(i, i, i, i, i, i, i, i, i);
                texts.text(i, "a text \u20ac", bytes);
                requests.answered(i, "another", TimeUnit.DAYS);
            }
            perRound = (threads.getCurrentThreadAllocatedBytes() - before) / CALLS;
        }
        assertEquals(0, perRound, "bytes for each round");
        assertTrue(counting.count >= 8 * CALLS, "events were recorded");
    }
}
