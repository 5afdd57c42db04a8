package io.github.rseq4j.analysis;

import io.github.rseq4j.trace.ctf.CodeNames;
import io.github.rseq4j.trace.ctf.Problem;
import io.github.rseq4j.trace.ctf.TraceClock;
import io.github.rseq4j.trace.ctf.TraceDescription;
import io.github.rseq4j.trace.ctf.TraceEvent;
import io.github.rseq4j.trace.ctf.TracePacket;
import io.github.rseq4j.trace.ctf.TraceReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;

/**
 * A trace that is read once, in the order of time.
 *
 * <pre>{@code
 * try (Trace trace = Trace.open(Path.of("trace"))) {
 *     assertTrue(trace.spans().allMatch(span -> span.duration().toMillis() < 5));
 * }
 * }</pre>
 *
 * <p><b>Events and spans</b> come from one cursor. {@link #next}, {@link #events} and {@link #spans} each continue
 * after the event that was read last, so a trace is read either for its events or for its spans. If native code or a
 * signal handler recorded an event on a Java thread, the event has Java's number of that thread.
 *
 * <p><b>Failures.</b> After a trace was opened, reading it never throws. In a damaged trace everything that is readable
 * is read, and {@link #problems} describes the rest.
 *
 * <p><b>Threads.</b> One thread at a time may use a trace. Any thread may call {@link #stop}.
 *
 * <p><b>Memory.</b> A trace keeps a window of each stream's file, the declarations of the metadata, and the spans that
 * are open.
 *
 * @since 0.1.0
 */
public final class Trace implements AutoCloseable {
    private final TraceReader reader;
    private TraceDescription description;
    private TraceThreads threads;
    private @Nullable CodeNames codeNames;
    private volatile boolean isStopped;

    private Trace(TraceReader reader, TraceDescription description) {
        this.reader = reader;
        this.description = description;
        this.threads = new TraceThreads(description);
    }

    /**
     * Opens a trace whose tracer has ended.
     *
     * @param folder the folder that holds the trace's metadata
     * @return the trace; the caller must close it
     * @throws UnreadableTraceException if the metadata cannot be read
     * @throws IOException if the folder does not exist or is not a folder
     */
    public static Trace open(Path folder) throws IOException {
        requireFolder(folder);
        return of(folder, new TraceReader(folder));
    }

    /**
     * Opens a trace whose tracer still writes to the folder. An incomplete packet at the end of a file is then not
     * reported as a problem. {@link #refresh} looks for later events.
     *
     * @param folder the folder that holds the trace's metadata
     * @return the trace; the caller must close it
     * @throws UnreadableTraceException if the metadata cannot be read
     * @throws IOException if the folder does not exist or is not a folder
     */
    public static Trace openLive(Path folder) throws IOException {
        requireFolder(folder);
        return of(folder, TraceReader.live(folder));
    }

    /**
     * Opens a trace, and reports its packets. The packet of an event is reported before the event is returned; the
     * first packets are reported during this call.
     *
     * @param folder the folder that holds the trace's metadata
     * @param isLive whether the tracer still writes to the folder, as in {@link #openLive}
     * @param packets receives each packet, on the thread that reads
     * @return the trace; the caller must close it
     * @throws UnreadableTraceException if the metadata cannot be read
     * @throws IOException if the folder does not exist or is not a folder
     */
    public static Trace open(Path folder, boolean isLive, Consumer<? super TracePacket> packets) throws IOException {
        requireFolder(folder);
        return of(folder, TraceReader.of(folder, isLive, packets));
    }

    private static void requireFolder(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            throw Files.exists(folder) ? new NotDirectoryException(folder.toString())
                    : new NoSuchFileException(folder.toString());
        }
    }

    private static Trace of(Path folder, TraceReader reader) throws UnreadableTraceException {
        TraceDescription description = reader.description();
        if (description == null) {
            reader.close();
            throw new UnreadableTraceException(folder, reader.problems(), reader.problemCount());
        }
        return new Trace(reader, description);
    }

    /** {@return the content of the metadata: event types, threads, environment, clock} */
    public TraceDescription description() {
        return description;
    }

    /** {@return the clock of this trace, which converts timestamps from cycles} */
    public TraceClock clock() {
        return description.clock();
    }

    /** {@return the threads that this trace names} */
    public TraceThreads threads() {
        return threads;
    }

    /**
     * Looks for what a tracer has written since, if the trace is live. The clock, the threads and the description may
     * be other objects afterwards.
     */
    public void refresh() {
        reader.refresh();
        TraceDescription now = reader.description();
        if (now != null && !now.equals(description)) {
            description = now;
            threads = new TraceThreads(now);
        }
    }

    /** {@return the time of the next event, or null if there is none yet, or the reading was stopped} */
    public @Nullable Instant nextTime() {
        Long cycles = isStopped ? null : reader.nextTimestamp();
        return cycles == null ? null : clock().instant(cycles);
    }

    /** {@return the names of the traced JVM's code, which the trace has if CPU time was sampled} Reads a file once. */
    public CodeNames codeNames() {
        CodeNames names = codeNames;
        if (names == null) {
            names = reader.codeNames();
            codeNames = names;
        }
        return names;
    }

    /** {@return the next event in the order of time, or null after the last one, or after the reading was stopped} */
    public @Nullable TraceEvent next() {
        TraceEvent event = isStopped ? null : reader.next();
        return event == null ? null : threads.byJava(event);
    }

    /**
     * Returns the events that are not read yet.
     *
     * @return a sequential stream in the order of time, which reads each event when it is needed; it must be used
     *     before this trace is closed
     */
    public Stream<TraceEvent> events() {
        return stream(this::next);
    }

    /**
     * Returns the spans of the events that are not read yet. A span is a pair of events of one thread: {@code x_begin}
     * and the {@code x_end} that belongs to it. Spans may nest. A begin without an end is not a span; neither is a pair
     * whose end has an earlier timestamp than its begin.
     *
     * <p>An event whose first field is {@code durationNanos}, a long, is a span too, a complete one: it ended at the
     * event's time, and began that many nanoseconds before. If a span in it began before that, it began and ended up to
     * 10 ms earlier. Its begin may be before the first event of the trace. A negative duration, or one that would begin
     * before the zero of the clock, is no span.
     *
     * @return a sequential stream in the order of the spans' last events, which reads the events when they are needed;
     *     it must be used before this trace is closed
     */
    public Stream<TraceSpan> spans() {
        SpanMatcher matcher = new SpanMatcher(this, false);
        return stream(() -> nextSpan(matcher));
    }

    private @Nullable TraceSpan nextSpan(SpanMatcher matcher) {
        for (TraceEvent event = next(); event != null; event = next()) {
            SpanNode span = matcher.take(event);
            if (span != null && span.endNumber() != 0 && span.nanos() >= 0) {
                return new TraceSpan(span.name(), span.threadId(), clock().instant(span.begin()),
                        Duration.ofNanos(span.nanos()));
            }
        }
        return null;
    }

    private static <T> Stream<T> stream(Supplier<@Nullable T> next) {
        return StreamSupport.stream(new Spliterators.AbstractSpliterator<T>(Long.MAX_VALUE,
                Spliterator.ORDERED | Spliterator.NONNULL) {
            @Override
            public boolean tryAdvance(Consumer<? super T> action) {
                T element = next.get();
                if (element == null) {
                    return false;
                }
                action.accept(Objects.requireNonNull(element));
                return true;
            }
        }, false);
    }

    /**
     * Stops the reading. {@link #next}, {@link #events}, {@link #spans}, and methods that read a trace to its end then
     * find no more events, so they end with what was read until now. Any thread may call this method. A second call has
     * no effect.
     */
    public void stop() {
        isStopped = true;
    }

    /** {@return whether the reading was stopped by {@link #stop}} */
    public boolean isStopped() {
        return isStopped;
    }

    /** {@return the first problems that were found in the trace's files so far, up to 100} */
    public List<Problem> problems() {
        return reader.problems();
    }

    /** {@return the number of problems that were found so far} */
    public long problemCount() {
        return reader.problemCount();
    }

    /** {@return the numbers of packets and discarded events of each stream, of the packets that are read by now} */
    public List<TraceReader.StreamCounts> streams() {
        return reader.counts();
    }

    /** Closes the trace's files. A second call has no effect. */
    @Override
    public void close() {
        reader.close();
    }
}
