package io.github.rseq4j.trace;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.rseq4j.Rseq;
import io.github.rseq4j.kernel.Linux;
import io.github.rseq4j.kernel.Signals;
import io.github.rseq4j.trace.common.TraceTime;
import io.github.rseq4j.trace.ctf.EventType;
import io.github.rseq4j.trace.ctf.FieldType;
import io.github.rseq4j.trace.ctf.TraceEvent;
import io.github.rseq4j.trace.ctf.TraceThread;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Events by native code: called, in signal handlers, and on threads that the JVM has never seen. */
@SuppressWarnings("restricted")
final class NativeProbesKernelTest {
    /** A real-time signal, of which each one that was sent is delivered: SIGRTMIN + 11 of glibc. */
    private static final int SIGNAL = 45;
    private static final int SEM_BYTES = 32;
    private static final int SIGNALS = 20_000;
    private static final long PAUSE_NANOS = 350_000;
    private static final long LONGEST_NANOS = 60_000_000_000L;
    private static final int SPINS = 100;
    private static final Linker LINKER = Linker.nativeLinker();

    private static final EventType NARROW = new EventType("test:narrow", 8, 6, List.of(
            new EventType.Field("byte", FieldType.Basic.BYTE), new EventType.Field("char", FieldType.Basic.CHAR),
            new EventType.Field("long", FieldType.Basic.LONG), new EventType.Field("boolean", FieldType.Basic.BOOLEAN),
            new EventType.Field("short", FieldType.Basic.SHORT), new EventType.Field("int", FieldType.Basic.INT)));
    private static final EventType SIGNALLED = new EventType("test:signalled", 9, 6, List.of(
            new EventType.Field("signal", FieldType.Basic.INT)));

    @BeforeEach
    void requireRseq() {
        assumeTrue(Rseq.availability().available(), "native code records with rseq alone");
        assumeTrue(TraceTime.isCounter(), TraceTime::whyNoCounter);
        String owner = System.getProperty("rseq4j.expected.owner", Rseq.availability().owner().toString());
        assertEquals(owner, Rseq.availability().owner().toString());
    }

    private static MethodHandle function(long address, FunctionDescriptor type) {
        return LINKER.downcallHandle(MemorySegment.ofAddress(address), type);
    }

    private static MethodHandle libc(String name, FunctionDescriptor type) {
        return LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow(name), type);
    }

    @Test
    void recordsNarrowFieldsOfAnySign(@TempDir Path folder) throws Throwable {
        try (Tracer tracer = Tracer.streaming(folder, TracerOptions.defaults())) {
            tracer.recording.add(List.of(NARROW));
            MethodHandle event = function(tracer.recording.natives().address(NARROW, true),
                    FunctionDescriptor.of(JAVA_LONG,
                    JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG));
            // The bits above a narrow argument may have any value.
            long dirt = 0x5A5A_5A5A_0000_0000L;
            assertEquals(0, (long) event.invokeExact(dirt | 0xFF80L, dirt | 0x7_FFFEL, Long.MIN_VALUE, dirt | 0xFF01L,
                    dirt | 0x7_8001L, dirt | 0x8000_0003L));
            tracer.recording.natives().enable(NARROW, false);
            assertTrue((long) event.invokeExact(1L, 1L, 1L, 1L, 1L, 1L) < 0, "nothing was recorded");
        }
        List<TraceEvent> events = TracerTest.read(folder, 0);
        assertEquals(1, events.size());
        assertEquals(List.of((byte) -128, '\uFFFE', Long.MIN_VALUE, true, (short) -32767, 0x8000_0003),
                events.getFirst().values());
        long tid = Long.parseLong(Files.readSymbolicLink(Path.of("/proc/thread-self")).getFileName().toString());
        assertEquals(-tid, events.getFirst().threadId());
    }

    /** Events of native code and of Java, of a provider with rings of its own. */
    @Provider("own")
    interface Own {
        void event(int n);
    }

    @Test
    void recordsInTheRingsOfItsProvider(@TempDir Path folder) throws Throwable {
        try (Tracer tracer = Tracer.streaming(folder, TracerOptions.defaults().withOwnRings("own", 1 << 12, 2))) {
            tracer.probes(MethodHandles.lookup(), Own.class).event(1);
            MethodHandle event = function(tracer.probe("own:event").address(),
                    FunctionDescriptor.of(JAVA_LONG, JAVA_INT));
            for (int i = 2; i <= 10; i++) {
                assertEquals(0, (long) event.invokeExact(i));
            }
            tracer.disable("own:*");
            assertTrue((long) event.invokeExact(11) < 0, "nothing was recorded");
        }
        assertEquals(10, TracerTest.read(folder, 0).size());
        try (Stream<Path> files = Files.list(folder)) {
            List<String> streams = files.map(file -> file.getFileName().toString())
                    .filter(name -> name.startsWith("channel_")).toList();
            assertTrue(!streams.isEmpty() && streams.stream()
                    .allMatch(name -> Integer.parseInt(name.substring("channel_".length())) >= 1 << 16),
                    streams::toString);
        }
    }

    @Test
    void crossesSubBuffersAndCountsWhatFindsNoRoom(@TempDir Path folder) throws Throwable {
        int calls = 200_000;
        Tracer tracer = Tracer.streaming(folder, TracerOptions.defaults().withSubBuffers(1 << 12, 2));
        try (tracer) {
            tracer.recording.add(List.of(SIGNALLED));
            MethodHandle event = function(tracer.recording.natives().address(SIGNALLED, true),
                    FunctionDescriptor.of(JAVA_LONG, JAVA_INT));
            for (int i = 0; i < calls / 2; i++) {
                long _ = (long) event.invokeExact(i);
            }
            // The tracer's thread needs the monitor, so the rings stay full.
            synchronized (tracer.recording.monitor()) {
                for (int i = calls / 2; i < calls; i++) {
                    long _ = (long) event.invokeExact(i);
                }
            }
        }
        long discarded = tracer.stats().discarded();
        assertTrue(discarded > 0, tracer.stats()::toString);
        List<TraceEvent> events = TracerTest.read(folder, discarded);
        assertEquals(calls, events.size() + discarded);
        long before = -1;
        for (TraceEvent event : events) {
            int number = (int) event.values().getFirst();
            assertTrue(number > before, number + " behind " + before);
            before = number;
        }
    }

    @Test
    void refusesWhatNoNativeFunctionCanTake(@TempDir Path folder) throws IOException {
        EventType text = new EventType("test:text", 10, 6, List.of(
                new EventType.Field("text", FieldType.Basic.STRING)));
        try (Tracer tracer = Tracer.streaming(folder, TracerOptions.defaults())) {
            UnsupportedOperationException refused = assertThrows(UnsupportedOperationException.class,
                    () -> tracer.recording.natives().address(text, true));
            assertTrue(String.valueOf(refused.getMessage()).startsWith("event=test:text, field=text, type=STRING"),
                    refused::toString);
        }
    }

    /** Threads that only libc knows; they wait until they are told to end. */
    private static final class Strangers implements AutoCloseable {
        private final Arena arena = Arena.ofShared();
        private final MemorySegment semaphore = arena.allocate(SEM_BYTES, 16);
        private final MemorySegment threads;
        private final int count;
        private final List<Integer> tids;

        Strangers(int count) throws Throwable {
            this.count = count;
            this.threads = arena.allocate(JAVA_LONG, count);
            int _ = (int) libc("sem_init", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT))
                    .invokeExact(semaphore, 0, 0);
            List<Integer> before = tids();
            MemorySegment start = LINKER.defaultLookup().findOrThrow("sem_wait");
            MethodHandle create = libc("pthread_create", FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, ADDRESS,
                    ADDRESS));
            for (int i = 0; i < count; i++) {
                assertEquals(0, (int) create.invokeExact(threads.asSlice(i * 8L), MemorySegment.NULL, start,
                        semaphore));
            }
            tids = new ArrayList<>(tids());
            tids.removeAll(before);
        }

        private static List<Integer> tids() throws IOException {
            try (var tasks = Files.list(Path.of("/proc/self/task"))) {
                return tasks.map(task -> Integer.parseInt(task.getFileName().toString())).toList();
            }
        }

        @Override
        public void close() {
            try (arena) {
                MethodHandle post = libc("sem_post", FunctionDescriptor.of(JAVA_INT, ADDRESS));
                MethodHandle join = libc("pthread_join", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, ADDRESS));
                for (int i = 0; i < count; i++) {
                    int _ = (int) post.invokeExact(semaphore);
                }
                for (int i = 0; i < count; i++) {
                    int _ = (int) join.invokeExact(threads.getAtIndex(JAVA_LONG, i), MemorySegment.NULL);
                }
            } catch (Throwable t) {
                throw new AssertionError(t);
            }
        }
    }

    /** About ten thousand signals a second, each of which is an event, on threads that record and on strangers. */
    @Test
    void handlersLoseNothingAndTearNothing(@TempDir Path folder) throws Throwable {
        long sent = 0;
        List<Integer> strangers;
        Tracer tracer = Tracer.streaming(folder, TracerOptions.defaults().withSubBuffers(1 << 16, 512));
        Recorders recorders = new Recorders(tracer, 3);
        try (tracer; Strangers others = new Strangers(2)) {
            strangers = others.tids;
            tracer.recording.add(List.of(TracerTest.TWO));
            tracer.recording.add(List.of(SIGNALLED));
            byte[] former = Signals.sigaction(SIGNAL, tracer.recording.natives().address(SIGNALLED, true));
            try {
                recorders.start();
                long until = System.nanoTime() + LONGEST_NANOS;
                while (sent < SIGNALS && System.nanoTime() < until) {
                    sent += send(strangers) + send(recorders.tids);
                    LockSupport.parkNanos(PAUSE_NANOS);
                }
                recorders.stop();
                // Signals to strangers are delivered when these threads run; they are idle.
                Thread.sleep(200);
            } finally {
                Signals.sigaction(SIGNAL, former);
            }
        }
        assertEquals(0, tracer.stats().lost(), () -> tracer.stats().toString());
        List<TraceEvent> found = TracerTest.read(folder, tracer.stats().discarded());
        assertEquals(0, tracer.stats().discarded(), "the rings are large enough");
        Map<String, Long> counts = found.stream().collect(Collectors.groupingBy(event -> event.type().name(),
                Collectors.counting()));
        assertEquals(recorders.recorded.sum(), counts.get("test:two"));
        assertEquals(sent, counts.get("test:signalled"));
        TracerTest.requireNumbers(found.stream().filter(event -> event.type().name().equals("test:two")).toList(),
                false);
        for (int tid : strangers) {
            assertTrue(found.stream().anyMatch(event -> event.threadId() == -tid), "none on thread " + tid);
        }
        assertTrue(sent >= SIGNALS, sent + " signals were sent");
        Map<Long, TraceThread> byTid = TracedThreadsTest.description(folder).threads().stream()
                .filter(each -> each.kernelTid() != TraceThread.NONE)
                .collect(Collectors.toMap(TraceThread::kernelTid, each -> each, (_, last) -> last));
        for (int tid : strangers) {
            TraceThread thread = Objects.requireNonNull(byTid.get((long) tid));
            assertTrue(thread.javaId() == TraceThread.NONE && !thread.name().isEmpty()
                    && thread.to() != TraceThread.OPEN, thread::toString);
        }
        for (int tid : recorders.tids) {
            TraceThread thread = Objects.requireNonNull(byTid.get((long) tid));
            assertTrue(recorders.threads.stream().anyMatch(each -> each.threadId() == thread.javaId()
                    && each.getName().equals(thread.name())), thread::toString);
        }
    }

    /** Threads of Java that record events until they are told to stop. */
    private static final class Recorders {
        private final Tracer tracer;
        private final CountDownLatch ready;
        private final List<Thread> threads = new ArrayList<>();
        private final List<Integer> tids = new CopyOnWriteArrayList<>();
        private final AtomicBoolean isStopping = new AtomicBoolean();
        private final CountDownLatch end = new CountDownLatch(1);
        private final LongAdder recorded = new LongAdder();

        Recorders(Tracer tracer, int count) {
            this.tracer = tracer;
            this.ready = new CountDownLatch(count);
            for (int i = 0; i < count; i++) {
                int number = i;
                threads.add(Thread.ofPlatform().unstarted(() -> record(number)));
            }
        }

        private void record(int number) {
            tids.add(Linux.gettid());
            ready.countDown();
            long events = 0;
            while (!isStopping.get()) {
                TracerTest.record(tracer, number, events++);
                for (int i = 0; i < SPINS; i++) {
                    Thread.onSpinWait();
                }
            }
            recorded.add(events);
            try {
                end.await();
            } catch (InterruptedException _) {
                Thread.currentThread().interrupt();
            }
        }

        void start() throws InterruptedException {
            threads.forEach(Thread::start);
            ready.await();
        }

        /** Lets them stop; they end when no signal is on its way to them any more. */
        void stop() throws InterruptedException {
            isStopping.set(true);
            Thread.sleep(200);
            end.countDown();
            for (Thread thread : threads) {
                thread.join();
            }
        }
    }

    private static long send(List<Integer> tids) {
        return tids.stream().filter(tid -> Signals.tgkill(tid, SIGNAL) == 0).count();
    }
}
