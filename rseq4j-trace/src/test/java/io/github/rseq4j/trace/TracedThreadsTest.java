package io.github.rseq4j.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.kernel.Linux;
import io.github.rseq4j.trace.common.TracerCounts;
import io.github.rseq4j.trace.ctf.Babeltrace;
import io.github.rseq4j.trace.ctf.TraceDescription;
import io.github.rseq4j.trace.ctf.TraceEvent;
import io.github.rseq4j.trace.ctf.TraceReader;
import io.github.rseq4j.trace.ctf.TraceThread;
import io.github.rseq4j.trace.thread.ThreadList;
import io.github.rseq4j.trace.thread.TracedThreads;
import java.lang.ref.WeakReference;
import java.nio.file.Files;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The threads in the metadata of traces. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
final class TracedThreadsTest {
    private static final int THREADS = 40;
    private static final int MANY = 20_000;
    /** Rings that are large enough for one event of each of many threads. */
    private static final TracerOptions OPTIONS = TracerOptions.defaults().withSubBuffers(1 << 20, 4)
            .withFlushInterval(Duration.ofHours(1));

    /** Returns the description of a trace, which must have no problem. Its tracer may be writing a packet meanwhile. */
    static TraceDescription description(Path folder) throws IOException {
        boolean isLive = TraceRecovery.left(folder) == TraceRecovery.Left.RUNNING;
        try (TraceReader reader = TraceReader.of(folder, isLive, _ -> {})) {
            assertEquals(List.of(), reader.problems());
            return Objects.requireNonNull(reader.description());
        }
    }

    /** Returns the threads of Java that a trace names. */
    static Map<Long, TraceThread> threads(Path folder) throws IOException {
        return description(folder).threads().stream().filter(each -> each.javaId() != TraceThread.NONE)
                .collect(Collectors.toMap(TraceThread::javaId, each -> each));
    }

    private static void run(Thread thread) throws InterruptedException {
        thread.start();
        thread.join();
    }

    private static String name(Path folder, Thread thread) throws IOException {
        return name(folder, thread.threadId());
    }

    private static String name(Path folder, long id) throws IOException {
        TraceThread named = threads(folder).get(id);
        return named == null ? "no such thread" : named.name();
    }

    @Test
    void namesEachThreadOnce(@TempDir Path folder) throws Exception {
        Map<Long, String> names = new ConcurrentHashMap<>();
        Map<Long, Long> tids = new ConcurrentHashMap<>();
        Set<Long> nameless = ConcurrentHashMap.newKeySet();
        try (Tracer tracer = Tracer.streaming(folder, OPTIONS)) {
            tracer.recording.add(List.of(TracerTest.TWO));
            List<Thread> started = new ArrayList<>();
            for (int i = 0; i < THREADS; i++) {
                int number = i;
                Runnable work = () -> {
                    Thread self = Thread.currentThread();
                    for (int n = 0; n < 100; n++) {
                        TracerTest.record(tracer, number, n);
                    }
                    if (self.isVirtual() && self.getName().isEmpty()) {
                        nameless.add(self.threadId());
                    } else {
                        names.put(self.threadId(), self.getName());
                        tids.put(self.threadId(), self.isVirtual() ? TraceThread.NONE : (long) Linux.gettid());
                    }
                };
                started.add(switch (i % 3) {
                    case 0 -> Thread.ofPlatform().name("platform " + i).start(work);
                    case 1 -> Thread.ofVirtual().name("virtual " + i).start(work);
                    default -> Thread.ofVirtual().start(work);
                });
            }
            for (Thread thread : started) {
                thread.join();
            }
        }
        Map<Long, TraceThread> found = threads(folder);
        assertEquals(names.keySet(), found.keySet());
        found.forEach((id, thread) -> {
            assertEquals(names.get(id), thread.name());
            assertEquals(tids.get(id), thread.kernelTid(), thread.name());
            assertEquals(thread.name().startsWith("virtual"), thread.isVirtual());
        });
        Set<Long> ranged = new HashSet<>();
        for (String range : String.valueOf(description(folder).environment().get(TraceThread.VIRTUAL)).split(",", -1)) {
            String[] ends = range.split("-", -1);
            for (long id = Long.parseLong(ends[0]); id <= Long.parseLong(ends[ends.length - 1]); id++) {
                ranged.add(id);
            }
        }
        assertEquals(nameless, ranged);
        assertNull(description(folder).environment().get(TraceThread.FORGOTTEN));
        assertEquals(100 * THREADS, TracerTest.read(folder, 0).size(), "the tracer adds no event");
    }

    @Test
    void aPlatformThreadHasItsLastName(@TempDir Path folder) throws Exception {
        CountDownLatch recorded = new CountDownLatch(1);
        CountDownLatch mayEnd = new CountDownLatch(1);
        Thread thread;
        try (Tracer tracer = Tracer.streaming(folder, OPTIONS)) {
            tracer.recording.add(List.of(TracerTest.TWO));
            thread = Thread.ofPlatform().name("before").start(() -> {
                TracerTest.record(tracer, 0, 0);
                recorded.countDown();
                await(mayEnd);
            });
            await(recorded);
            tracer.flush();
            assertEquals("before", name(folder, thread));
            thread.setName("after");
        }
        assertEquals("after", name(folder, thread));
        mayEnd.countDown();
        thread.join();
    }

    private static void await(CountDownLatch latch) {
        try {
            assertTrue(latch.await(2, TimeUnit.MINUTES));
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Names of any characters, mapped to the names that readers get. */
    @Test
    void readersGetNamesOfAnyCharacters(@TempDir Path folder) throws Exception {
        Map<String, String> names = new LinkedHashMap<>();
        for (String name : List.of("a \"quoted\" \\ name", "two\nlines\r\t", "\u0000", "\u001b[31m\u009b\u007f",
                "\u202eturned\u2066", "\uD83D\uDE00 \u00e4\u20ac", "};\nevent { name = \"x:y\"; id = 7; }", "*/ /*",
                " ", "name=name=", "platform tid=1 from=2 to=3 name=x", "%s%n", "x".repeat(100))) {
            names.put(name, name);
        }
        names.put("half \uD83D", "half ?");
        names.put("\uDE00", "?");
        names.put("x".repeat(101), "x".repeat(97) + "...");
        names.put("\uD83D\uDE00".repeat(60), "\uD83D\uDE00".repeat(48) + "...");
        names.put("y".repeat(30_000_000), "y".repeat(97) + "...");
        names.put("", "");
        Map<Long, String> expected = new HashMap<>();
        try (Tracer tracer = Tracer.streaming(folder, OPTIONS)) {
            tracer.recording.add(List.of(TracerTest.TWO));
            for (Map.Entry<String, String> name : names.entrySet()) {
                for (Thread thread : List.of(Thread.ofPlatform().unstarted(() -> TracerTest.record(tracer, 0, 0)),
                        Thread.ofVirtual().unstarted(() -> TracerTest.record(tracer, 0, 0)))) {
                    thread.setName(name.getKey());
                    run(thread);
                    if (!thread.isVirtual() || !name.getKey().isEmpty()) {
                        expected.put(thread.threadId(), name.getValue());
                    }
                }
            }
        }
        Map<Long, TraceThread> found = threads(folder);
        assertEquals(expected.keySet(), found.keySet());
        found.forEach((id, thread) -> assertEquals(expected.get(id), thread.name()));
        assertEquals(2 * names.size(), Babeltrace.lines(folder).size());
        assertTrue(Files.size(folder.resolve("metadata")) < 50_000);
    }

    @Test
    void snapshotNamesTheThreadsOfItsEvents(@TempDir Path folder) throws Exception {
        try (Tracer tracer = Tracer.flightRecorder(folder.resolve("rings"), OPTIONS)) {
            tracer.recording.add(List.of(TracerTest.TWO));
            for (int i = 0; i < 5; i++) {
                run(Thread.ofPlatform().name("worker " + i).unstarted(() -> TracerTest.record(tracer, 0, 0)));
                Path snapshot = folder.resolve("snapshot" + i);
                tracer.snapshot(snapshot);
                List<TraceEvent> events = TracerTest.read(snapshot, 0);
                assertEquals(i + 1, events.size());
                assertEquals("worker " + i, name(snapshot, events.getLast().threadId()));
            }
        }
    }

    /**
     * The flush interval is an hour, and no method of the tracer is called. So a process that is killed leaves the
     * names.
     */
    @Test
    void writesNamesSoonAfterTheFirstEvent(@TempDir Path folder) throws Exception {
        for (boolean isFlightRecorder : new boolean[] {false, true}) {
            Path trace = folder.resolve("trace" + isFlightRecorder);
            try (Tracer tracer = isFlightRecorder ? Tracer.flightRecorder(trace, OPTIONS)
                    : Tracer.streaming(trace, OPTIONS)) {
                for (int i = 0; i < 3; i++) {
                    Thread thread = Thread.ofPlatform().name("soon " + i).unstarted(() -> TracerTest.record(tracer, 0,
                            0));
                    run(thread);
                    while (!name(trace, thread).equals("soon " + i)) {
                        Thread.sleep(1);
                    }
                }
            }
        }
    }

    @Test
    void limitsAndCountsManyVirtualThreads(@TempDir Path folder) throws Exception {
        List<WeakReference<Thread>> threads = new ArrayList<>();
        try (Tracer tracer = Tracer.streaming(folder, OPTIONS)) {
            tracer.recording.add(List.of(TracerTest.TWO));
            TracerTest.record(tracer, 0, 0);
            for (int i = 0; i < MANY; i++) {
                Thread thread = Thread.ofVirtual().name(i % 2 == 0 ? "" : "virtual-" + i).start(
                        () -> TracerTest.record(tracer, 1, 1));
                threads.add(new WeakReference<>(thread));
                if (i % 100 == 99) {
                    thread.join();
                }
            }
            for (WeakReference<Thread> each : threads) {
                Thread thread = each.get();
                if (thread != null) {
                    thread.join();
                }
            }
            while (threads.stream().anyMatch(each -> each.get() != null)) {
                System.gc();
                Thread.sleep(10);
            }
            assertEquals(0, tracer.stats().failures(), () -> tracer.stats().toString());
        }
        TraceDescription trace = description(folder);
        assertEquals(ThreadList.MAX_THREADS, trace.threads().size());
        assertEquals(MANY + 1, TracerTest.read(folder, 0).size());
        assertEquals(Thread.currentThread().getName(), name(folder, Thread.currentThread()),
                "the oldest thread is named because it is alive");
        assertEquals("virtual-" + (MANY - 1), trace.threads().stream().max((a, b) -> Long.compare(a.javaId(),
                b.javaId())).orElseThrow().name());
        // Each thread that is not named is in a range or counted. The number of ranges is limited.
        long ranges = String.valueOf(trace.environment().get(TraceThread.VIRTUAL)).split(",", -1).length;
        assertEquals(MANY + 1L - ThreadList.MAX_THREADS - ranges, trace.environment().get(TraceThread.FORGOTTEN));
        assertTrue(ranges <= ThreadList.MAX_RANGES);
        assertTrue(Files.size(folder.resolve("metadata")) < 2 * ThreadList.MAX_CHARS);
    }

    @Test
    void namesAThreadOnceAfterANewerThreadHasTakenItsBit() {
        TracerCounts counts = new TracerCounts();
        TracedThreads threads = new TracedThreads(counts);
        Thread first = Thread.ofVirtual().name("first").unstarted(() -> {});
        Thread second = Thread.ofVirtual().name("second").unstarted(() -> {});
        assertFalse(threads.isNoted(first.threadId()));
        threads.note(first);
        assertTrue(threads.isNoted(first.threadId()));
        assertFalse(threads.isNoted(second.threadId()));
        threads.note(second);
        assertTrue(threads.isNoted(first.threadId()));
        // Numbers of threads increase.
        Thread last = Thread.ofVirtual().name("last").unstarted(() -> {});
        while (last.threadId() < first.threadId() + TracedThreads.NOTED_COUNT) {
            last = Thread.ofVirtual().name("last").unstarted(() -> {});
        }
        assertFalse(threads.isNoted(first.threadId() + TracedThreads.NOTED_COUNT));
        threads.note(last);
        assertFalse(threads.isNoted(first.threadId()));
        threads.note(first);
        threads.note(second);
        assertTrue(threads.isNoted(first.threadId()) && threads.isNoted(second.threadId()));
        assertEquals(List.of("first", "second", "last"), threads.known().threads().stream().map(TraceThread::name)
                .toList());
        assertEquals(0, counts.failures());
    }
}
