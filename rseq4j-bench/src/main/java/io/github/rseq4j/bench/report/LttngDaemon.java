package io.github.rseq4j.bench.report;

import io.github.rseq4j.bench.Commands;
import io.github.rseq4j.bench.Folders;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.runner.RunnerException;

/** A session daemon of LTTng for the processes with the same LTTNG_HOME, with one session at a time. */
final class LttngDaemon implements AutoCloseable {
    /* How it works
     *
     * The daemon, its consumer and its helper stay children of this process, and end with it. Every call of the client
     * forbids starting another daemon, which would outlive this process.
     */
    private static final String SESSION = "rseq4j";
    private static final String CHANNEL = "events";
    private static final long LIMIT_SECONDS = 20;
    /** A daemon may miss a request to end while it starts. */
    private static final long END_SECONDS = 5;
    private static final long POLL_MILLIS = 50;
    private static final Pattern ARRIVED = Pattern.compile("(\\d+) Event messages?");

    private static final Pattern VERSION = Pattern.compile("\\d+\\.\\d+\\.\\d+");

    private final Path folder;
    private @Nullable Process process;
    private boolean isClosed;

    /** Work that is traced. */
    interface Work<T> {
        /** Does the work. */
        T run() throws IOException, InterruptedException, RunnerException;
    }

    /**
     * The outcome of a streaming session.
     *
     * @param result the result of the work
     * @param arrived the number of events in the trace
     * @param bytes the size of the trace
     * @param cpuSeconds the CPU time of the consumer
     */
    record Streamed<T>(T result, long arrived, long bytes, double cpuSeconds) {}

    /**
     * Starts a daemon and waits until it answers.
     *
     * @param home the LTTNG_HOME of this process
     */
    LttngDaemon(Path home) throws IOException, InterruptedException {
        folder = home;
        Path log = home.resolve("sessiond.log");
        Runtime.getRuntime().addShutdownHook(new Thread(this::endAll));
        Process daemon = start(log);
        long start = System.nanoTime();
        while (!Commands.succeeds("lttng", "--no-sessiond", "list")) {
            if (!daemon.isAlive() || System.nanoTime() - start > TimeUnit.SECONDS.toNanos(LIMIT_SECONDS)) {
                close();
                throw new IOException("lttng-sessiond does not serve, and says:\n" + Files.readString(log));
            }
            Thread.sleep(POLL_MILLIS);
        }
    }

    /** Starts the daemon, unless this JVM is ending: {@link #endAll} knows all processes that were started before. */
    private synchronized Process start(Path log) throws IOException {
        if (isClosed) {
            throw new IOException("this JVM is told to end");
        }
        process = new ProcessBuilder("lttng-sessiond", "--no-kernel").redirectErrorStream(true)
                .redirectOutput(log.toFile()).start();
        return process;
    }

    /** Ends the daemon and all other processes if this JVM is told to end during a measurement. */
    private void endAll() {
        close();
        ProcessHandle.current().descendants().forEach(ProcessHandle::destroyForcibly);
    }

    private static void lttng(String... arguments) throws IOException, InterruptedException {
        List<String> words = new ArrayList<>(List.of("lttng", "--no-sessiond"));
        words.addAll(List.of(arguments));
        Commands.output(words.toArray(String[]::new));
    }

    /**
     * Does work whose events LTTng records as a flight recorder, with its own defaults. Fails if the snapshot at the
     * end has no event.
     *
     * @param domain --userspace or --jul
     * @param events the events
     * @param work the work
     */
    <T> T recorded(String domain, String events, Work<T> work)
            throws IOException, InterruptedException, RunnerException {
        Path trace = folder.resolve("snapshot");
        lttng("create", SESSION, "--snapshot", "--output=" + trace);
        T result;
        try {
            lttng("enable-event", domain, events);
            lttng("start");
            result = work.run();
            lttng("stop");
            lttng("snapshot", "record");
        } finally {
            lttng("destroy", SESSION);
        }
        if (count(trace) == 0) {
            throw new IllegalStateException("LTTng's snapshot has none of " + events);
        }
        Folders.delete(trace);
        return result;
    }

    /**
     * Does work whose events LTTng streams to files, with events discarded when its buffers are full.
     *
     * @param events the events, of user space
     * @param work the work
     */
    <T> Streamed<T> streamed(String events, Work<T> work)
            throws IOException, InterruptedException, RunnerException {
        Path trace = folder.resolve("stream");
        lttng("create", SESSION, "--output=" + trace);
        T result;
        double cpuSeconds;
        try {
            lttng("enable-channel", "--userspace", "--discard", "--subbuf-size=1M", "--num-subbuf=8", CHANNEL);
            lttng("enable-event", "--userspace", "--channel=" + CHANNEL, events);
            lttng("start");
            double before = consumerSeconds();
            result = work.run();
            // Returns when all recorded events are in the files.
            lttng("stop");
            cpuSeconds = consumerSeconds() - before;
        } finally {
            lttng("destroy", SESSION);
        }
        Streamed<T> streamed = new Streamed<>(result, count(trace), Folders.bytes(trace), cpuSeconds);
        Folders.delete(trace);
        return streamed;
    }

    /** Returns the version of LTTng. */
    static String version() throws IOException, InterruptedException {
        Matcher version = VERSION.matcher(Commands.output("lttng", "--version"));
        return version.find() ? version.group() : "of an unknown version";
    }

    private static long count(Path trace) throws IOException, InterruptedException {
        return number(ARRIVED, Commands.output("babeltrace2", trace.toString(), "--component=sink.utils.counter",
                "--params=step=+0"));
    }

    private static long number(Pattern pattern, String text) {
        Matcher matcher = pattern.matcher(text);
        if (!matcher.find()) {
            throw new IllegalStateException("expected " + pattern + " in:\n" + text);
        }
        return Long.parseLong(matcher.group(1));
    }

    /** Returns the CPU time of the consumer. */
    private double consumerSeconds() throws IOException {
        for (ProcessHandle child : Objects.requireNonNull(process).descendants().toList()) {
            String pid = Long.toString(child.pid());
            if (Files.readString(Path.of("/proc", pid, "comm")).startsWith("lttng-consumer")) {
                return CpuTime.seconds(pid, "");
            }
        }
        throw new IllegalStateException("lttng-sessiond has no consumer");
    }

    /** Ends the daemon, its consumer and its helper. */
    @Override
    public synchronized void close() {
        isClosed = true;
        if (process == null) {
            return;
        }
        List<ProcessHandle> children = process.descendants().toList();
        process.destroy();
        try {
            process.waitFor(END_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        process.destroyForcibly();
        children.forEach(ProcessHandle::destroyForcibly);
    }
}
