package io.github.rseq4j.analysis.page;

import java.util.Comparator;
import org.jspecify.annotations.Nullable;

/** A span, an instant or a sample of a trace. Times are nanoseconds since the first event. */
public final class Mark {
    /** Separates the values of fields, and ends the list of values of the begin event. */
    public static final char VALUE_END = '\u0001';
    /** The arguments of a mark whose arguments the page leaves out. */
    static final String LEFT_OUT = "\u0003";

    /** The order of a page: by begin, and surrounding spans first. */
    static final Comparator<Mark> BY_BEGIN = Comparator.<Mark>comparingLong(mark -> mark.begin)
            .thenComparing(Comparator.<Mark>comparingLong(mark -> mark.nanos).reversed())
            .thenComparingInt(mark -> mark.name.kind.ordinal()).thenComparingInt(mark -> mark.depth);
    /** A span whose end is not in the trace. */
    public static final int UNFINISHED = 1;
    /** A span that does not nest: a span around it ended before it. */
    public static final int OVERLAPS = 2;
    /** A span that began before the first event of the trace: the mark begins there. */
    public static final int CUT = 4;

    final MarkName name;
    final Track track;
    final long threadId;
    long begin;
    long nanos;
    /** The duration; longer than {@link #nanos} if the span began before the first event. */
    long whole;
    /** The time of the spans directly in this one, also of those that are not kept. */
    long childNanos;
    /** The number of spans directly in this one, also of those that are not kept. */
    int children;
    /** The number of spans of the thread around this one. */
    int depth;
    int cpu;
    int endCpu;
    int flags;
    /** The node of the stack, for samples. */
    int stack;
    /** The values of the fields as text, each with a {@link #VALUE_END}. */
    String arguments = "";
    /** The innermost kept span around this one; set by {@link Nesting}. */
    @Nullable Mark parent;
    /** The position in the page's list of marks. */
    int index;

    /**
     * Creates a mark.
     *
     * @param name its name
     * @param track the thread or the group of threads
     * @param threadId the number of the thread
     */
    public Mark(MarkName name, Track track, long threadId) {
        this.name = name;
        this.track = track;
        this.threadId = threadId;
    }

    /** Sets the time, in nanoseconds since the first event, and the length in nanoseconds. */
    public Mark time(long from, long length) {
        begin = from;
        nanos = length;
        whole = length;
        return this;
    }

    /** Sets the duration in nanoseconds, if it is not the length. */
    public Mark whole(long duration) {
        whole = duration;
        return this;
    }

    /** Sets the CPU indices at begin and end. */
    public Mark cpus(int atBegin, int atEnd) {
        cpu = atBegin;
        endCpu = atEnd;
        return this;
    }

    /** Sets the number of spans around the mark. */
    public Mark depth(int around) {
        depth = around;
        return this;
    }

    /** Sets the number of spans directly in the mark, and their time in nanoseconds. */
    public Mark children(int count, long length) {
        children = count;
        childNanos = length;
        return this;
    }

    /** Counts the span in a tree of names. */
    public void count(CallTree.Node node) {
        node.add(1, whole, self());
    }

    /** Returns the duration without the spans directly in this one, in nanoseconds. */
    long self() {
        return Math.max(whole - childNanos, 0);
    }

    /** Sets flags: {@link #UNFINISHED}, {@link #OVERLAPS}, {@link #CUT}. */
    public Mark flags(int bits) {
        flags = bits;
        return this;
    }

    /** Sets the values of the fields, each followed by a {@link #VALUE_END}. */
    public Mark arguments(String values) {
        arguments = values;
        return this;
    }

    /** Sets the node of the stack of a sample. */
    public Mark stack(int node) {
        stack = node;
        return this;
    }

    /** Returns the end, in nanoseconds since the first event. */
    long end() {
        return begin + nanos;
    }

    /** Tells whether another mark lies in the time of this one. */
    boolean contains(Mark other) {
        return other.begin >= begin && other.end() <= end();
    }

    /** Returns the value of a field as text, or null if this mark has no such field or its arguments are left out. */
    @Nullable String value(String field) {
        int at = arguments.equals(LEFT_OUT) ? -1 : name.fields.indexOf(field);
        if (at < 0) {
            return null;
        }
        int from = 0;
        for (int i = 0; i < at && from >= 0; i++) {
            from = arguments.indexOf(VALUE_END, from) + 1;
            if (from == 0) {
                return null;
            }
        }
        int to = arguments.indexOf(VALUE_END, from);
        return to < 0 ? null : arguments.substring(from, to);
    }
}
