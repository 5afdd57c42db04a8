package io.github.rseq4j.demo.load;

import io.github.rseq4j.demo.side.Kind;
import java.util.EnumMap;
import java.util.Map;
import java.util.stream.LongStream;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/** The counts of the clients of a load. Used by one thread at a time. */
public final class LoadResult {
    private static final int DIGITS = 3;

    private final Histogram latency = new Histogram(DIGITS);
    private final Map<Kind, Long> answers = new EnumMap<>(Kind.class);
    private final Map<Kind, Long> unanswered = new EnumMap<>(Kind.class);
    private long nanos;
    private long unexpected;
    private @Nullable String firstUnexpected;

    /** Returns the counts of answers of one kind, with these latencies in nanoseconds. */
    public static LoadResult of(Kind kind, long... latencies) {
        LoadResult result = new LoadResult();
        LongStream.of(latencies).forEach(each -> result.add(kind, each));
        return result;
    }

    void add(Kind kind, long latencyNanos) {
        latency.recordValue(latencyNanos);
        answers.merge(kind, 1L, Long::sum);
    }

    void unexpected(String what) {
        unexpected++;
        firstUnexpected = firstUnexpected == null ? what : firstUnexpected;
    }

    /** Counts a request that had no answer in time; the service may have counted it. */
    public void unanswered(Kind kind, String what) {
        unanswered.merge(kind, 1L, Long::sum);
        unexpected(what);
    }

    void setNanos(long nanos) {
        this.nanos = nanos;
    }

    /** Adds the counts of another client, or of another turn. */
    public void add(LoadResult other) {
        latency.add(other.latency);
        other.answers.forEach((kind, count) -> answers.merge(kind, count, Long::sum));
        other.unanswered.forEach((kind, count) -> unanswered.merge(kind, count, Long::sum));
        nanos += other.nanos;
        unexpected += other.unexpected;
        firstUnexpected = firstUnexpected == null ? other.firstUnexpected : firstUnexpected;
    }

    /**
     * Returns the latencies, in nanoseconds, until the whole answer was there: from the sending of a request, or, if it
     * was sent by a schedule, from the time of the schedule.
     */
    public Histogram latency() {
        return latency;
    }

    /** Returns the number of requests that were answered. */
    public long requests() {
        return latency.getTotalCount();
    }

    /** Returns the number of answers of a kind. */
    public long answers(Kind kind) {
        return answers.getOrDefault(kind, 0L);
    }

    /** Returns the number of requests of a kind that had no answer. */
    public long unanswered(Kind kind) {
        return unanswered.getOrDefault(kind, 0L);
    }

    /** Returns the time from the first request to the last answer, in nanoseconds. */
    public long nanos() {
        return nanos;
    }

    /** Returns the number of requests without an answer, or with another one than expected. */
    public long unexpectedCount() {
        return unexpected;
    }

    /** Returns the first of them, or null. */
    public @Nullable String firstUnexpected() {
        return firstUnexpected;
    }
}
