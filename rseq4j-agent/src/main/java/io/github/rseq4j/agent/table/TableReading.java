package io.github.rseq4j.agent.table;

import io.github.rseq4j.histogram.HistogramBuckets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The methods and counts of a table at a time. Immutable. */
public final class TableReading {
    /**
     * A method and its counts.
     *
     * @param className the name of its class
     * @param name its name
     * @param descriptor its descriptor
     * @param mode its mode
     * @param counts its counts
     */
    record Method(String className, String name, String descriptor, String mode, MethodCounts counts) {}

    private static final double NANOS_PER_SECOND = 1e9;

    private final long nanoTime;
    private final long startedMillis;
    private final String whyCopied;
    private final double nanosPerTick;
    private final HistogramBuckets buckets;
    private final List<Method> methods;

    /** Creates a reading, which then owns the list. */
    TableReading(TableHeader header, String whyCopied, List<Method> methods) {
        this.nanoTime = header.copiedMillis() == 0 ? System.nanoTime()
                : TimeUnit.MILLISECONDS.toNanos(header.copiedMillis());
        this.startedMillis = header.startedMillis();
        this.whyCopied = whyCopied;
        this.nanosPerTick = NANOS_PER_SECOND / header.frequencyHz();
        this.buckets = header.buckets();
        this.methods = methods;
    }

    /** Returns when the table was made, in milliseconds since the epoch of Unix. */
    public long startedMillis() {
        return startedMillis;
    }

    /**
     * Returns when the counts were read, or when a thread of the agent copied them, in nanoseconds. Only differences
     * between readings of the same table have a meaning. It is the same for two readings of one copy.
     */
    public long nanoTime() {
        return nanoTime;
    }

    /** Returns why the counts are copied once a second. It is empty if they are read directly. */
    public String whyCopied() {
        return whyCopied;
    }

    /** Returns the number of methods. */
    public int methodCount() {
        return methods.size();
    }

    /** Returns the calls of each method since the agent was attached. The list has one row for each method. */
    public List<MethodRow> rows() {
        return methods.stream().map(each -> row(each, each.counts)).toList();
    }

    /**
     * Returns the calls of each method since an earlier reading of the same table, in the order of {@link #rows}.
     *
     * @param earlier that reading
     */
    public List<MethodRow> since(TableReading earlier) {
        List<MethodRow> rows = new ArrayList<>();
        for (int i = 0; i < methods.size(); i++) {
            MethodCounts then = i < earlier.methods.size() ? earlier.methods.get(i).counts : MethodCounts.NONE;
            rows.add(row(methods.get(i), methods.get(i).counts.since(then, buckets)));
        }
        return rows;
    }

    private MethodRow row(Method method, MethodCounts counts) {
        return new MethodRow(method.className, method.name, method.descriptor, method.mode, counts.calls(),
                nanos(counts.sum()), nanos(counts.percentile(50, buckets)), nanos(counts.percentile(99, buckets)),
                nanos(counts.max()));
    }

    /** Returns ticks as nanoseconds. */
    long nanos(long ticks) {
        return (long) (ticks * nanosPerTick);
    }
}
