package io.github.rseq4j.bench.report;

import io.github.rseq4j.bench.Commands;
import io.github.rseq4j.bench.trace.TracePeersBenchmark;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.openjdk.jmh.runner.RunnerException;

/**
 * A JVM that measures one version of LTTng. It reads commands, a line each, and answers each of them with a line of
 * numbers. It ends with its input, and its daemon with it.
 */
public final class LttngPeer {
    /* How it works
     *
     * emit WHAT THREADS MILLIS           a program in C without LTTng: nanoseconds
     * record WHAT THREADS MILLIS         the same while LTTng records as a flight recorder
     * stream WHAT THREADS MILLIS RATE    the same while LTTng writes files: the values of PeerStream.Streamed
     * log THREADS MILLIS MILLIS          a record of java.util.logging through LTTng's agent: nanoseconds
     */
    /** The first word of the first line, before the version. */
    static final String READY = "ready ";
    /** The first word of an answer. */
    static final String DONE = "done ";
    private static final String PROGRAM = "lttng";
    private static final String HEADER = "lttng-events.h";
    private static final String EVENTS = "rseq4j_peer:*";

    private final Path home;
    private final LttngDaemon daemon;

    /** The output of the program in C. */
    private record Emitted(long events, double nanos) {}

    private LttngPeer(Path home, LttngDaemon daemon) {
        this.home = home;
        this.daemon = daemon;
    }

    /**
     * Answers commands until its input ends.
     *
     * @param arguments the LTTNG_HOME of this process
     * @throws Exception if a command fails
     */
    public static void main(String[] arguments) throws Exception {
        Path home = Path.of(arguments[0]);
        BlockingQueue<String> commands = new LinkedBlockingQueue<>();
        Thread.ofPlatform().daemon().start(() -> read(commands));
        try (LttngDaemon daemon = new LttngDaemon(home)) {
            LttngPeer peer = new LttngPeer(home, daemon);
            peer.compile();
            System.out.println(READY + LttngDaemon.version());
            while (true) {
                System.out.println(DONE + peer.answer(List.of(commands.take().split(" ", -1))));
            }
        }
    }

    /** Reads commands. Ends this JVM at the end of its input, also during a measurement. */
    private static void read(BlockingQueue<String> commands) {
        try (BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                commands.add(line);
            }
        } catch (IOException e) {
            System.err.println(e.getMessage());
        }
        System.exit(0);
    }

    private void compile() throws IOException, InterruptedException {
        for (String name : List.of(PROGRAM + ".c", HEADER)) {
            try (InputStream text = Objects.requireNonNull(LttngPeer.class.getResourceAsStream(name))) {
                Files.copy(text, home.resolve(name));
            }
        }
        Commands.output("gcc", "-O2", "-pthread", "-I" + home, "-o", home.resolve(PROGRAM).toString(),
                home.resolve(PROGRAM + ".c").toString(), "-llttng-ust", "-ldl");
    }

    private String answer(List<String> words) throws IOException, InterruptedException, RunnerException {
        int threads = Integer.parseInt(words.get(words.getFirst().equals("log") ? 1 : 2));
        return switch (words.getFirst()) {
            case "emit" -> text(emit(words.get(1), threads, words.get(3), "0").nanos());
            case "record" -> text(daemon.recorded("--userspace", EVENTS,
                    () -> emit(words.get(1), threads, words.get(3), "0")).nanos());
            case "stream" -> stream(words.get(1), threads, words.get(3), words.get(4)).line();
            case "log" -> text(daemon.recorded("--jul", TracePeersBenchmark.LOGGER, () -> Jmh.nanos(Jmh.options(
                    TracePeersBenchmark.class, "log", threads, Integer.parseInt(words.get(2)),
                    Integer.parseInt(words.get(3))).param("handler", "lttng"))));
            default -> throw new IllegalArgumentException("command=" + words);
        };
    }

    private static String text(double nanos) {
        return String.format(Locale.ROOT, "%.3f", nanos);
    }

    private Emitted emit(String what, int threads, String millis, String eventsASecond)
            throws IOException, InterruptedException {
        String[] said = Commands.output(home.resolve(PROGRAM).toString(), what, Integer.toString(threads), millis,
                eventsASecond).strip().split(" ", 2);
        return new Emitted(Long.parseLong(said[0]), Double.parseDouble(said[1]));
    }

    private PeerStream.Streamed stream(String what, int threads, String millis, String eventsASecond)
            throws IOException, InterruptedException, RunnerException {
        LttngDaemon.Streamed<Emitted> streamed = daemon.streamed(EVENTS,
                () -> emit(what, threads, millis, eventsASecond));
        long emitted = streamed.result().events();
        long arrived = streamed.arrived() / (what.equals("span") ? 2 : 1);
        // The client's number of discarded events is not used: once it was more than 2^63.
        if (arrived == 0 || arrived > emitted) {
            throw new IllegalStateException("emitted=" + emitted + " but " + streamed);
        }
        return new PeerStream.Streamed(emitted, arrived, emitted * streamed.result().nanos() / threads / 1e9,
                streamed.cpuSeconds(), streamed.bytes());
    }
}
