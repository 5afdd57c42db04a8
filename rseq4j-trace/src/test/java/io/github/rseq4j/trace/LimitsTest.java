package io.github.rseq4j.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.trace.ctf.TraceEvent;
import io.github.rseq4j.trace.ctf.TraceReader;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Events of which only some calls are recorded: how many are, and that the others are counted. */
final class LimitsTest {
    private static final int CALLS = 1000;
    private static final int THREADS = 8;

    @TempDir
    private Path folder = Path.of("");
    private Path trace = Path.of("");

    /** Events with limits, and without. */
    @Provider("limits")
    interface Limited {
        @Event(oneIn = 10)
        void sampled(int n);

        @Event(perSecond = 3)
        void limited(int n);

        void free(int n);

        @Event(oneIn = 4)
        Span span(int n);
    }

    /** Later events. */
    @Provider("later")
    interface Later {
        void free(int n);
    }

    /** Limits that cannot be. */
    interface Wrong {
        @Event(oneIn = 0)
        void never();
    }

    /** Limits that cannot be. */
    interface TooMany {
        @Event(perSecond = Gate.MAX_PER_SECOND + 1)
        void often();
    }

    @BeforeEach
    void name() {
        trace = folder.resolve("trace");
    }

    private List<TraceEvent> events(String name) {
        return TracerTest.read(trace, 0).stream().filter(event -> event.name().equals("limits:" + name)).toList();
    }

    @Test
    void recordsOneInTenAndCountsTheOthers() throws IOException {
        Tracer tracer = Tracer.streaming(trace);
        try (tracer) {
            Limited probes = tracer.probes(MethodHandles.lookup(), Limited.class);
            for (int i = 0; i < CALLS; i++) {
                probes.sampled(i);
                probes.free(i);
            }
            assertEquals(CALLS - CALLS / 10, tracer.probe("limits:sampled").omitted());
            assertEquals(0, tracer.probe("limits:free").omitted());
        }
        assertEquals(CALLS, events("free").size());
        List<TraceEvent> sampled = events("sampled");
        assertEquals(CALLS / 10, sampled.size());
        for (int i = 1; i < sampled.size(); i++) {
            assertEquals((int) sampled.get(i - 1).values().getFirst() + 10, sampled.get(i).values().getFirst());
        }
        assertEquals(CALLS - CALLS / 10, tracer.stats().omitted());
        try (TraceReader reader = new TraceReader(trace)) {
            Map<String, Object> environment = Objects.requireNonNull(reader.description()).environment();
            int id = Objects.requireNonNull(reader.description().event("limits:sampled")).id();
            assertEquals((long) CALLS - CALLS / 10, environment.get("omitted_" + id));
            assertEquals(10L, environment.get("one_in_" + id));
            assertEquals(0L, environment.get("per_second_" + id));
        }
    }

    @Test
    void whatIsRecordedAndLeftOutIsWhatWasCalledByManyThreads() throws Exception {
        try (Tracer tracer = Tracer.streaming(trace)) {
            Limited probes = tracer.probes(MethodHandles.lookup(), Limited.class);
            assertEquals(1, tracer.limit("limits:free", 1000));
            List<Thread> threads = new ArrayList<>();
            for (int t = 0; t < THREADS; t++) {
                Thread.Builder builder = t % 2 == 0 ? Thread.ofVirtual() : Thread.ofPlatform();
                threads.add(builder.start(() -> {
                    for (int i = 0; i < CALLS; i++) {
                        probes.sampled(i);
                        probes.free(i);
                    }
                }));
            }
            for (Thread thread : threads) {
                thread.join();
            }
            tracer.flush();
            try (TraceReader reader = TraceReader.live(trace)) {
                List<String> names = reader.events().map(TraceEvent::name).toList();
                long sampled = names.stream().filter("limits:sampled"::equals).count();
                long free = names.size() - sampled;
                assertEquals(THREADS * CALLS, sampled + tracer.probe("limits:sampled").omitted());
                assertEquals(THREADS * CALLS, free + tracer.probe("limits:free").omitted());
                // Each stripe has its own count, which may be one calls of ten ahead.
                assertTrue(Math.abs(sampled - THREADS * CALLS / 10) <= 64, sampled + " events");
                assertTrue(free >= 1000, free + " events: a second of the rate is saved at first");
            }
        }
    }

    @Test
    void aSecondOfTheRateIsRecordedAtOnce() throws IOException {
        long start = System.nanoTime();
        long most;
        try (Tracer tracer = Tracer.streaming(trace)) {
            Limited probes = tracer.probes(MethodHandles.lookup(), Limited.class);
            for (int i = 0; i < CALLS; i++) {
                probes.limited(i);
            }
            most = 3 + 3 * (System.nanoTime() - start) / 1_000_000_000;
        }
        List<TraceEvent> limited = events("limited");
        assertTrue(limited.size() >= 3 && limited.size() <= most, limited.size() + " of at most " + most);
        assertEquals(List.of(0, 1, 2), limited.subList(0, 3).stream().map(e -> e.values().getFirst()).toList());
    }

    @Test
    void theRateComesBackWithTime() throws Exception {
        try (Tracer tracer = Tracer.flightRecorder(trace)) {
            Limited probes = tracer.probes(MethodHandles.lookup(), Limited.class);
            assertEquals(1, tracer.limit("limits:limited", 100));
            for (int i = 0; i < CALLS; i++) {
                probes.limited(i);
            }
            long before = CALLS - tracer.stats().omitted();
            Thread.sleep(50);
            for (int i = 0; i < CALLS; i++) {
                probes.limited(i);
            }
            assertTrue(2 * CALLS - tracer.stats().omitted() >= before + 4, tracer.stats()::toString);
        }
    }

    @Test
    void theEndOfASpanIsLeftOutWithItsBegin() throws IOException {
        try (Tracer tracer = Tracer.streaming(trace)) {
            Limited probes = tracer.probes(MethodHandles.lookup(), Limited.class);
            for (int i = 0; i < CALLS; i++) {
                try (Span _ = probes.span(i)) {
                    probes.free(i);
                }
            }
            assertEquals(CALLS - CALLS / 4, tracer.stats().omitted());
        }
        assertEquals(CALLS / 4, events("span_begin").size());
        assertEquals(CALLS / 4, events("span_end").size());
    }

    @Test
    void limitsChangeWhileTheTracerRunsAndHoldForLaterProviders() throws IOException {
        Tracer tracer = Tracer.streaming(trace);
        try (tracer) {
            Limited probes = tracer.probes(MethodHandles.lookup(), Limited.class);
            assertEquals(5, tracer.sample("limits:*", 2));
            assertEquals(0, tracer.sample("later:*", 5));
            Later later = tracer.probes(MethodHandles.lookup(), Later.class);
            for (int i = 0; i < 100; i++) {
                probes.free(i);
                later.free(i);
            }
            assertEquals(50, tracer.probe("limits:free").omitted());
            assertEquals(80, tracer.probe("later:free").omitted());
            tracer.disable("limits:free");
            probes.free(0);
            assertEquals(50, tracer.probe("limits:free").omitted(), "a disabled event is not left out");
            tracer.enable("*");
            assertEquals(6, tracer.sample("*", 1));
            for (int i = 0; i < 100; i++) {
                probes.free(i);
            }
            assertEquals(50, tracer.probe("limits:free").omitted());
            assertThrows(IllegalArgumentException.class, () -> tracer.sample("*", 0));
            assertThrows(IllegalArgumentException.class, () -> tracer.limit("*", -1));
            assertThrows(IllegalArgumentException.class, () -> tracer.limit("limits", 1));
        }
        assertEquals(150, events("free").size());
        assertEquals(130, tracer.stats().omitted());
        assertThrows(IllegalStateException.class, () -> tracer.sample("*", 2));
    }

    @Test
    void refusesWhatNoLimitCanBe() throws IOException {
        try (Tracer tracer = Tracer.flightRecorder(trace)) {
            MethodHandles.Lookup here = MethodHandles.lookup();
            assertTrue(String.valueOf(assertThrows(IllegalArgumentException.class,
                    () -> tracer.probes(here, Wrong.class)).getMessage()).contains("oneIn=0"));
            assertTrue(String.valueOf(assertThrows(IllegalArgumentException.class,
                    () -> tracer.probes(here, TooMany.class)).getMessage()).contains("perSecond=10000001"));
        }
    }
}
