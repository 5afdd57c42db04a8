package io.github.rseq4j.cli.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.cli.Run;
import io.github.rseq4j.trace.Field;
import io.github.rseq4j.trace.Provider;
import io.github.rseq4j.trace.Tracer;
import io.github.rseq4j.trace.TracerOptions;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.Writer;
import java.lang.invoke.MethodHandles;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code trace view --follow} of a tracer in another process. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class TraceFollowTest {
    private static final int COUNT = 300;

    @TempDir
    private Path folder = Path.of("");
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ExecutorService executor = Executors.newSingleThreadExecutor();

    /** The first events. */
    @Provider("first")
    interface First {
        void number(@Field("n") long n, @Field("text") String text);
    }

    /** Events that the metadata has later. */
    @Provider("later")
    interface Later {
        void number(@Field("n") long n);
    }

    /** Records events on two threads, and waits for lines. */
    static final class Child {
        private Child() {}

        /** Records to the folder of the argument; each line of the input allows a step. */
        public static void main(String[] arguments) throws Exception {
            BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
            TracerOptions options = TracerOptions.defaults().withSubBuffers(1 << 14, 8).withFiles(1 << 14, 1000)
                    .withFlushInterval(Duration.ofMillis(100));
            try (Tracer tracer = Tracer.streaming(Path.of(arguments[0]), options)) {
                First first = tracer.probes(MethodHandles.lookup(), First.class);
                String text = "x".repeat(300);
                for (String line = input.readLine(); line != null; line = input.readLine()) {
                    if (line.equals("later")) {
                        Later later = tracer.probes(MethodHandles.lookup(), Later.class);
                        Thread thread = new Thread(() -> later.number(7), "late thread");
                        thread.start();
                        thread.join();
                    }
                    Thread beside = new Thread(() -> numbers(first, text, 1), "beside");
                    beside.start();
                    numbers(first, text, 0);
                    beside.join();
                    tracer.flush();
                }
            }
        }

        private static void numbers(First first, String text, int from) {
            for (int n = from; n < COUNT; n += 2) {
                first.number(n, text);
                LockSupport.parkNanos(1);
            }
        }
    }

    @AfterEach
    void end() {
        executor.shutdownNow();
    }

    private Process child() throws IOException {
        return new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED", "-cp", Run.classPath(), Child.class.getName(), trace())
                .redirectErrorStream(true).start();
    }

    private String trace() {
        return folder.resolve("trace").toString();
    }

    private static void step(Process child, String line) throws IOException {
        Writer input = child.outputWriter(StandardCharsets.UTF_8);
        input.write(line + "\n");
        input.flush();
    }

    /** Waits until the tracer has metadata, and follows it. */
    private Future<Run> follow(OutputStream to, String... options) throws InterruptedException {
        while (!Path.of(trace(), "metadata").toFile().exists()) {
            Thread.sleep(20);
        }
        String[] words = new String[options.length + 4];
        System.arraycopy(new String[] {"trace", "view", "--follow", trace()}, 0, words, 0, 4);
        System.arraycopy(options, 0, words, 4, options.length);
        return executor.submit(() -> Run.into(to, words));
    }

    private List<String> lines() {
        return out.toString(StandardCharsets.UTF_8).lines().toList();
    }

    private void await(int count) throws InterruptedException {
        while (lines().size() < count) {
            Thread.sleep(20);
        }
    }

    @Test
    void printsEachEventInOrderWhileTheTracerRunsAndEndsWithIt() throws Exception {
        Process child = child();
        step(child, "one");
        Future<Run> following = follow(out, "--delay=1", "--json");
        await(COUNT);
        assertTrue(child.isAlive() && !following.isDone(), "the tracer still runs");
        step(child, "later");
        await(2 * COUNT + 1);
        assertTrue(child.isAlive() && !following.isDone(), "the tracer still runs");
        child.outputWriter(StandardCharsets.UTF_8).close();
        Run run = following.get();
        assertEquals("", run.err());
        assertEquals(0, run.exit());
        Run whole = Run.of("trace", "view", "--json", trace());
        assertEquals(2 * COUNT + 1, lines().size());
        // The frequency of the clock becomes more exact, so the printed times may differ by nanoseconds.
        assertEquals(whole.out().lines().map(TraceFollowTest::untimed).toList(),
                lines().stream().map(TraceFollowTest::untimed).toList());
        assertTrue(lines().stream().anyMatch(line -> line.contains("later:number")
                && line.contains("\"threadName\":\"late thread\"")), "a later thread has its name");
        assertEquals(0, child.waitFor());
    }

    private static String untimed(String line) {
        return line.replaceFirst("\"time\":\"[^\"]*\"", "").replaceFirst("\"threadName\":\"[^\"]*\",", "")
                .replaceFirst("\"kernelTid\":\\d+,", "").replaceFirst("\"virtual\":(true|false),", "");
    }

    @Test
    void endsWithTheReasonWhenTheTracerIsKilled() throws Exception {
        Process child = child();
        step(child, "one");
        Future<Run> following = follow(out, "--event=first:*");
        await(COUNT);
        child.destroyForcibly();
        Run run = following.get();
        assertEquals(4, run.exit());
        assertEquals("rseq4j: " + trace() + ": the tracer was not closed, and events that it had not written are in"
                + " .rings: run `rseq4j trace recover DIR` and read it again" + System.lineSeparator(), run.err());
        assertEquals(COUNT, lines().size());
        Path names = Files.writeString(Path.of(trace(), ".code_names"), "1000 10 a b(c)\n");
        assertEquals(0, Run.of("trace", "recover", trace()).exit());
        assertEquals("1000 10 a b(c)\n", Files.readString(names), "recovery keeps the names of the code");
    }

    @Test
    void endsWhenTheReaderClosesTheOutput() throws InterruptedException, IOException, ExecutionException {
        Process child = child();
        step(child, "one");
        Future<Run> following = follow(new OutputStream() {
            @Override
            public void write(int octet) throws IOException {
                throw new IOException("Broken pipe");
            }
        });
        assertEquals(141, following.get().exit());
        assertEquals("", following.get().err(), "nothing is missing because the tracer runs");
        child.outputWriter(StandardCharsets.UTF_8).close();
        child.waitFor();
    }

    @Test
    void aTraceThatIsCompleteIsPrintedAtOnceAndAFlightRecorderIsRefused() throws IOException {
        String complete = SampleTrace.write(folder.resolve("sample"), 10).toString();
        assertEquals(Run.of("trace", "view", complete), Run.of("trace", "view", complete, "--follow"));
        try (Tracer tracer = Tracer.flightRecorder(Path.of(trace()))) {
            tracer.probes(MethodHandles.lookup(), Later.class).number(1);
            assertTrue(Run.of("trace", "view", "--follow", trace()).onlyError().contains("is a flight recorder"));
            tracer.snapshot(folder.resolve("snapshot"));
        }
        Run closed = Run.of("trace", "view", "--follow", trace());
        assertEquals(2, closed.exit());
        assertTrue(closed.onlyError().contains("--follow: the tracer has ended; it was a flight recorder"));
        for (String command : List.of("view", "summary", "sql")) {
            Run other = Run.of("trace", command, trace(), command.equals("sql") ? "FROM hosts" : "--json");
            assertEquals(0, other.exit());
            assertTrue(other.err().contains(": it was a flight recorder, which writes events only to snapshots"),
                    other.err());
        }
        Run snapshot = Run.of("trace", "view", "--follow", folder.resolve("snapshot").toString());
        assertTrue(snapshot.out().contains("later:number n=1"), snapshot.out());
        assertEquals("", snapshot.err());
        assertTrue(Run.of("trace", "view", "--follow", "--delay=-1", complete).onlyError().contains("--delay=-1.0"));
    }
}
