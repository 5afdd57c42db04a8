package io.github.rseq4j.bench.trace;

import io.github.rseq4j.trace.TracerOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/** A tracer or logger of a JVM, as the measurements use it. An instance records once, from start to stop. */
public sealed interface Peer permits AsyncProfilerPeer, JfrPeer, Log4jPeer, OpenTelemetryPeer, TracerPeer {
    /** The tracer of rseq4j whose threads wait up to a second for room in a full ring, for streams. */
    String BLOCKING = "rseq4j-blocking";
    /** The names of all other peers. */
    List<String> NAMES = List.of("rseq4j", "rseq4j-unordered", "jfr", "async-profiler", "opentelemetry", "log4j");
    /** The text of 32 characters, which lttng.c has too. */
    String TEXT = "0123456789abcdef0123456789abcdef";

    /** A kind of operation. */
    enum Kind {
        /** An event with two longs. */
        LONGS,
        /** A span: a begin with a long, and an end. */
        SPAN,
        /** An event with a text of 32 characters. */
        TEXT
    }

    /**
     * Makes a peer.
     *
     * @param name one of {@link #NAMES}, or {@link #BLOCKING}
     * @return the peer, not started
     */
    static Peer of(String name) {
        return switch (name) {
            case "rseq4j" -> new TracerPeer(TracerOptions.defaults());
            case "rseq4j-unordered" -> new TracerPeer(TracerOptions.defaults().withUnorderedTime());
            case BLOCKING -> new TracerPeer(TracerOptions.defaults().withBlocking(Duration.ofSeconds(1)));
            case "jfr" -> new JfrPeer();
            case "async-profiler" -> new AsyncProfilerPeer();
            case "opentelemetry" -> new OpenTelemetryPeer();
            case "log4j" -> new Log4jPeer();
            default -> throw new IllegalArgumentException("peer=" + name + ", expected one of " + NAMES);
        };
    }

    /** {@return the name of the peer in tables, with what distinguishes it from the others} */
    String title();

    /** {@return the kinds of operations that the peer has} */
    default Set<Kind> kinds() {
        return EnumSet.allOf(Kind.class);
    }

    /**
     * Starts to record.
     *
     * @param folder an existing folder for files
     * @param isToFiles whether records go to files in the folder, or to memory, or nowhere
     * @throws IOException if the peer refuses
     */
    void start(Path folder, boolean isToFiles) throws IOException;

    /**
     * Records an event.
     *
     * @param a a field
     * @param b a field
     */
    void longs(long a, long b);

    /**
     * Records a span that ends at once.
     *
     * @param id a field
     */
    void span(long id);

    /**
     * Records an event.
     *
     * @param text a field
     */
    void text(String text);

    /** {@return the first characters of the names of the threads that consume records} */
    String consumer();

    /**
     * Ends recording. Fails if nothing was recorded.
     *
     * @throws IOException if a file cannot be written or read
     * @throws InterruptedException if this thread is interrupted
     */
    void stop() throws IOException, InterruptedException;

    /**
     * Counts operations whose records have reached their target. Called after {@link #stop}.
     *
     * @param kind the only kind of operations that was used
     * @param emitted their number
     * @return the number of those that arrived
     * @throws IOException if a file cannot be read
     * @throws InterruptedException if this thread is interrupted
     */
    long arrived(Kind kind, long emitted) throws IOException, InterruptedException;
}
