package io.github.rseq4j.analysis;

import io.github.rseq4j.trace.ctf.Problem;
import io.github.rseq4j.trace.ctf.TraceClock;
import io.github.rseq4j.trace.ctf.TraceDescription;
import io.github.rseq4j.trace.ctf.TraceEvent;
import io.github.rseq4j.trace.ctf.TraceReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.time.Duration;
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
 * A trace that is read once, in the order of time. Of a damaged trace all that is readable is read; {@link #problems}
 * has the rest. An event that native code or a signal handler recorded on a thread of Java has Java's number of that
 * thread.
 *
 * <pre>{@code
 * try (Trace trace = Trace.open(Path.of("trace"))) {
 *     assertTrue(trace.spans().allMatch(span -> span.duration().toMillis() < 5));
 * }
 * }</pre>
 *
 * <p>What a trace holds in memory does not follow its length: a window of each stream's file, what its metadata
 * declares, and the spans that are open. For one thread.
 *
 * @since 0.1
 */
public final class Trace implements AutoCloseable {
    private final TraceReader reader;
    private final TraceDescription description;
    private final TraceThreads threads;

    private Trace(TraceReader reader, TraceDescription description) {
        this.reader = reader;
        this.description = description;
        this.threads = new TraceThreads(description);
    }

    /**
     * Opens a trace whose tracer has ended.
     *
     * @param folder the folder that holds the trace's metadata
     * @return the trace, which must be closed
     * @throws UnreadableTraceException when the metadata cannot be read
     * @throws IOException when there is no such folder
     */
    public static Trace open(Path folder) throws IOException {
        return open(folder, false);
    }

    /**
     * Opens a trace.
     *
     * @param folder the folder that holds the trace's metadata
     * @param isLive whether its tracer still writes it: then a packet at a file's end that is not whole yet is no
     *     problem
     * @return the trace, which must be closed
     * @throws UnreadableTraceException when the metadata cannot be read
     * @throws IOException when there is no such folder
     */
    public static Trace open(Path folder, boolean isLive) throws IOException {
        if (!Files.isDirectory(folder)) {
            throw Files.exists(folder) ? new NotDirectoryException(folder.toString())
                    : new NoSuchFileException(folder.toString());
        }
        TraceReader reader = new TraceReader(folder, isLive);
        TraceDescription description = reader.description();
        if (description == null) {
            reader.close();
            throw new UnreadableTraceException(folder, reader.problems(), reader.problemCount());
        }
        return new Trace(reader, description);
    }

    /** {@return what the metadata says} */
    public TraceDescription description() {
        return description;
    }

    /** {@return the clock of the timestamps} */
    public TraceClock clock() {
        return description.clock();
    }

    /** {@return the threads that the trace names} */
    public TraceThreads threads() {
        return threads;
    }

    /** {@return the next event, or null after the last one} */
    public @Nullable TraceEvent next() {
        TraceEvent event = reader.next();
        return event == null ? null : threads.byJava(event);
    }

    /** {@return the events that are not read yet, in the order of time} */
    public Stream<TraceEvent> events() {
        return stream(this::next);
    }

    /**
     * Returns the spans of the events that are not read yet: what a thread began by an event whose name ends with
     * {@code _begin}, and ended by the event of the same name with {@code _end}. They are in the order of their ends. A
     * begin without an end is no span, nor is an end that is earlier than its begin.
     *
     * @return the spans
     */
    public Stream<Span> spans() {
        SpanMatcher matcher = new SpanMatcher();
        return stream(() -> nextSpan(matcher));
    }

    private @Nullable Span nextSpan(SpanMatcher matcher) {
        for (TraceEvent event = next(); event != null; event = next()) {
            SpanMatcher.Begun begun = matcher.take(event);
            if (begun != null && matcher.role(event.type()).kind() == SpanMatcher.Kind.ENDS
                    && Long.compareUnsigned(event.timestamp(), begun.timestamp()) >= 0) {
                return new Span(begun.pair(), event.threadId(), clock().instant(begun.timestamp()),
                        Duration.ofNanos(clock().nanos(event.timestamp() - begun.timestamp())));
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

    /** {@return the first problems of the trace's files that were found so far} */
    public List<Problem> problems() {
        return reader.problems();
    }

    /** {@return how many problems were found so far} */
    public long problemCount() {
        return reader.problemCount();
    }

    /** {@return how many packets and discarded events each stream has, as far as it is read} */
    public List<TraceReader.StreamCounts> streams() {
        return reader.counts();
    }

    /** Closes the trace's files. */
    @Override
    public void close() {
        reader.close();
    }
}
