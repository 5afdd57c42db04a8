package io.github.rseq4j.cli.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.cli.Run;
import io.github.rseq4j.trace.Field;
import io.github.rseq4j.trace.Span;
import io.github.rseq4j.trace.Tracer;
import io.github.rseq4j.trace.layout.TraceFiles;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import jdk.jfr.Recording;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/** The JVM's events of a real recording, in the page of a trace of the same time. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
class TraceJvmEventsTest {
    private static final long MILLI = 1_000_000;

    // A browser may still write to its folder while it ends.
    @TempDir(cleanup = CleanupMode.NEVER)
    private Path folder = Path.of("");

    /** The events of this test. */
    interface Calls {
        /** A span. */
        Span handle(@Field("what") String what);
    }

    /** A class whose initializer parks: its virtual thread cannot leave the carrier thread then. */
    private static final class Pins {
        static final long PARKED = park();

        private Pins() {}

        private static long park() {
            parkFor(30 * MILLI);
            return System.nanoTime();
        }
    }

    private static final class Stock {}

    private static void parkFor(long nanos) {
        for (long end = System.nanoTime() + nanos; System.nanoTime() < end;) {
            LockSupport.parkNanos(end - System.nanoTime());
        }
    }

    private static Recording recording() {
        Recording jfr = new Recording();
        for (String each : new String[] {"GarbageCollection", "GCPhasePause", "SafepointBegin", "SafepointEnd",
            "ExecuteVMOperation"}) {
            jfr.enable("jdk." + each).withThreshold(Duration.ZERO);
        }
        for (String each : new String[] {"JavaMonitorEnter", "VirtualThreadPinned", "ThreadPark", "ThreadSleep"}) {
            jfr.enable("jdk." + each).withThreshold(Duration.ofMillis(5)).withStackTrace();
        }
        return jfr;
    }

    private static void contend(Calls calls) throws InterruptedException {
        Object lock = new Stock();
        CountDownLatch isHeld = new CountDownLatch(1);
        Thread holder = Thread.ofPlatform().name("holder").start(() -> {
            synchronized (lock) {
                try (Span _ = calls.handle("holds")) {
                    isHeld.countDown();
                    parkFor(80 * MILLI);
                }
            }
        });
        isHeld.await();
        Thread waiter = Thread.ofPlatform().name("waiter").start(() -> {
            try (Span _ = calls.handle("contended")) {
                synchronized (lock) {
                    assertTrue(Thread.holdsLock(lock));
                }
            }
        });
        waiter.join();
        holder.join();
    }

    private Path page() throws IOException, InterruptedException {
        Path jfrFile = folder.resolve("run.jfr");
        Path trace = folder.resolve("trace");
        try (Recording jfr = recording(); Tracer tracer = Tracer.streaming(trace)) {
            Calls calls = tracer.probes(MethodHandles.lookup(), Calls.class);
            jfr.start();
            System.gc();
            Thread.sleep(20);
            try (Span _ = calls.handle("collects")) {
                System.gc();
            }
            contend(calls);
            Thread.ofVirtual().name("virtual").start(() -> {
                try (Span _ = calls.handle("pinned")) {
                    assertTrue(Pins.PARKED != 0);
                }
            }).join();
            // In no span.
            parkFor(20 * MILLI);
            try (Span _ = calls.handle("parks")) {
                parkFor(20 * MILLI);
            }
            jfr.stop();
            jfr.dump(jfrFile);
        }
        Path page = folder.resolve("page.html");
        Run run = Run.of("trace", "report", trace.toString(), "--html=" + page, "--jfr=" + jfrFile);
        assertEquals(0, run.exit(), run.err());
        assertTrue(run.out().matches("(?s).*\\d+ JVM events of the recording are merged \\(.*GCPhasePause.*"),
                run.out());
        return page;
    }

    private static String details(Browser page, String what) {
        page.click("#whole");
        page.js("report.view.jump([...Array(report.model.size).keys()].find(i => report.model.isSpan["
                + "report.model.name[i]] && report.model.fields(i).some(f => f.value === '\"" + what + "\"')))");
        page.settle();
        return page.text("details");
    }

    @Test
    void showsTheEventsOfTheJvmInTheCallsThatTheyHoldUp() throws IOException, InterruptedException {
        try (Browser page = new Browser(page(), folder)) {
            assertTrue(page.text("labels").contains("JVM"), page.text("labels"));
            String contended = details(page, "contended");
            assertTrue(contended.matches("(?s).*The JVM in it: \\d+ events?\\s+[0-9.]+ % of its time:"
                    + " jdk:JavaMonitorEnter, .*"), contended);
            assertTrue(contended.contains("monitorClass=" + Stock.class.getName()), contended);
            assertTrue(contended.contains("previousOwner=holder ("), contended);
            String pinned = details(page, "pinned");
            assertTrue(pinned.contains("% of its time: jdk:VirtualThreadPinned"), pinned);
            String collects = details(page, "collects");
            assertTrue(collects.contains("jdk:GarbageCollection"), collects);
            assertTrue(collects.contains("jdk:Safepoint"), collects);
            String parks = details(page, "parks");
            assertTrue(parks.contains("jdk:ThreadPark"), parks);
            // A collection was before the first span: it is counted.
            assertTrue(page.text("notes").matches("(?s).*, [1-9]\\d* others lie outside the trace's time, and"
                    + " [1-9]\\d* waits of threads lie in no span.*"), page.text("notes"));
            String jvm = "[...report.model.jvm].find(i => report.model.nameOf(i) === '%s')";
            page.click("#whole");
            page.clickMark(jvm.formatted("jdk:JavaMonitorEnter"));
            String lock = page.text("details");
            assertTrue(lock.startsWith("jdk:JavaMonitorEnter "), lock);
            assertTrue(lock.matches("(?s).*at\\s+" + TraceJvmEventsTest.class.getName() + "\\.lambda.*"), lock);
            assertTrue(lock.matches("(?s).*Around it on its thread\\s+in\\s+calls:handle.*"), lock);
            assertEquals("JVM", page.js("return report.model.threadOf(report.model.thread["
                    + jvm.formatted("jdk:GarbageCollection") + "])"));
            // The tables of spans have no events of the JVM.
            assertFalse(page.text("slowest").contains("jdk:"), page.text("slowest"));
        }
    }

    @Test
    void mergesTheRecordingThatTheAgentWroteBesideASnapshot() throws IOException, InterruptedException {
        Path page = page();
        Path trace = folder.resolve("trace");
        Path beside = Files.move(folder.resolve("run.jfr"), trace.resolve(TraceFiles.JVM_EVENTS));
        Run run = Run.of("trace", "report", trace.toString(), "--html=" + page);
        assertEquals(0, run.exit(), run.err());
        assertTrue(run.out().matches("(?s).*\\d+ JVM events of the recording are merged .*"), run.out());
        Files.writeString(beside, "not a recording");
        run = Run.of("trace", "report", trace.toString(), "--html=" + page);
        assertEquals(0, run.exit(), run.err());
        assertTrue(run.out().contains("The JVM's events are left out, because " + beside + " cannot be read as a"
                + " recording"), run.out());
    }

    @Test
    void refusesAFileThatIsNoRecording() throws IOException {
        Path trace = SampleTrace.write(folder.resolve("trace"), 1);
        Path page = folder.resolve("page.html");
        for (String content : new String[] {"", "not a recording", "FLR\0" + "x".repeat(200)}) {
            Path broken = Files.writeString(folder.resolve("broken.jfr"), content);
            Run run = Run.of("trace", "report", trace.toString(), "--html=" + page, "--jfr=" + broken);
            assertEquals(4, run.exit());
            assertTrue(run.onlyError().contains("broken.jfr: cannot be read as a recording: "), run.err());
            assertFalse(run.err().contains(".;"), run.err());
            assertEquals(content.isEmpty(), run.err().contains("it is empty, because JFR writes it when the recording"
                    + " ends"), run.err());
            assertFalse(Files.exists(page));
        }
    }
}
