package io.github.rseq4j.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.trace.ctf.TraceReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Threads that wait for room: nothing is discarded, and no wait is without end. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
final class BlockingTest {
    private static final int THREADS = 8;
    private static final int EVENTS = 20_000;
    private static final TracerOptions SMALL = TracerOptions.defaults()
            .withSubBuffers(TracerOptions.MIN_SUB_BUFFER_BYTES, TracerOptions.MIN_SUB_BUFFERS);
    private static final TracerOptions PATIENT = SMALL.withBlocking(Duration.ofDays(1));

    @TempDir
    private Path folder = Path.of("");

    private static void record(Tracer tracer, int thread, int events) {
        for (int i = 0; i < events; i++) {
            TracerTest.record(tracer, thread, i);
        }
    }

    @Test
    void nothingIsDiscardedOnAnyThread() throws Exception {
        Tracer tracer = Tracer.streaming(folder, PATIENT);
        try (tracer) {
            tracer.recording.add(List.of(TracerTest.TWO));
            List<Thread> threads = new ArrayList<>();
            for (int t = 0; t < THREADS; t++) {
                int thread = t;
                threads.add((t % 2 == 0 ? Thread.ofVirtual() : Thread.ofPlatform())
                        .start(() -> record(tracer, thread, EVENTS)));
            }
            for (Thread thread : threads) {
                thread.join();
            }
        }
        assertEquals(0, tracer.stats().discarded() + tracer.stats().lost(), tracer.stats()::toString);
        assertEquals(THREADS * EVENTS, TracerTest.read(folder, 0).size());
    }

    @Test
    void anInterruptStaysAndEndsNoWait() throws Exception {
        Tracer tracer = Tracer.streaming(folder, PATIENT);
        AtomicBoolean isInterrupted = new AtomicBoolean();
        try (tracer) {
            tracer.recording.add(List.of(TracerTest.TWO));
            Thread thread = Thread.ofPlatform().start(() -> {
                Thread.currentThread().interrupt();
                record(tracer, 0, EVENTS);
                isInterrupted.set(Thread.interrupted());
            });
            thread.join();
        }
        assertTrue(isInterrupted.get());
        assertEquals(EVENTS, TracerTest.read(folder, 0).size());
    }

    @Test
    void aWaitEndsAfterTheBound() throws Exception {
        try (Tracer tracer = Tracer.streaming(folder, SMALL.withBlocking(Duration.ofMillis(2)))) {
            tracer.recording.add(List.of(TracerTest.TWO));
            Thread thread;
            // The tracer's thread needs the monitor, so the ring stays full.
            synchronized (tracer.recording.monitor()) {
                thread = Thread.ofPlatform().start(() -> record(tracer, 0, 500));
                thread.join();
            }
            assertTrue(tracer.stats().discarded() > 0, tracer.stats()::toString);
        }
    }

    @Test
    void aThreadWithTheMonitorDoesNotWait() throws Exception {
        try (Tracer tracer = Tracer.streaming(folder, PATIENT)) {
            tracer.recording.add(List.of(TracerTest.TWO));
            synchronized (tracer.recording.monitor()) {
                record(tracer, 0, EVENTS);
            }
            assertTrue(tracer.stats().discarded() > 0, tracer.stats()::toString);
        }
    }

    @Test
    void nobodyWaitsWhilePacketsCannotBeWritten() throws Exception {
        Tracer tracer = Tracer.streaming(folder, PATIENT);
        try (tracer) {
            tracer.recording.add(List.of(TracerTest.TWO));
            for (int index = 0; index < Engine.get().copies(); index++) {
                Files.createDirectories(folder.resolve("channel_" + index).resolve("in the way"));
            }
            record(tracer, 0, EVENTS);
            assertTrue(tracer.stats().failures() > 0, tracer.stats()::toString);
            assertTrue(tracer.stats().discarded() > 0, tracer.stats()::toString);
            for (int index = 0; index < Engine.get().copies(); index++) {
                Files.delete(folder.resolve("channel_" + index).resolve("in the way"));
                Files.delete(folder.resolve("channel_" + index));
            }
        }
        assertEquals(EVENTS - tracer.stats().discarded(), TracerTest.read(folder, tracer.stats().discarded()).size());
    }

    @Test
    void closingEndsEveryWait() throws Exception {
        Tracer tracer = Tracer.streaming(folder, PATIENT);
        AtomicBoolean isStopping = new AtomicBoolean();
        CountDownLatch running = new CountDownLatch(THREADS);
        List<Thread> threads = new ArrayList<>();
        tracer.recording.add(List.of(TracerTest.TWO));
        for (int t = 0; t < THREADS; t++) {
            int thread = t;
            threads.add((t % 2 == 0 ? Thread.ofVirtual() : Thread.ofPlatform()).start(() -> {
                running.countDown();
                for (int i = 0; !isStopping.get(); i++) {
                    TracerTest.record(tracer, thread, i);
                }
            }));
        }
        running.await();
        Thread.sleep(50);
        tracer.close();
        isStopping.set(true);
        for (Thread thread : threads) {
            thread.join();
        }
        assertEquals(List.of(), problems());
    }

    private List<?> problems() {
        try (TraceReader reader = new TraceReader(folder)) {
            assertTrue(reader.events().count() > 0);
            return reader.problems();
        }
    }

    @Test
    void refusesANegativeBound() {
        assertThrows(IllegalArgumentException.class, () -> SMALL.withBlocking(Duration.ofNanos(-1)));
        assertEquals(Duration.ZERO, SMALL.blocking());
    }
}
