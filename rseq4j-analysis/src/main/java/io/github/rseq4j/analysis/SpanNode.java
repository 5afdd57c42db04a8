package io.github.rseq4j.analysis;

import io.github.rseq4j.trace.ctf.TraceEvent;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/** A span of a {@link SpanMatcher}: begun, ended, or recorded by one event. Times are cycles, unsigned. */
final class SpanNode {
    private final String name;
    private final long threadId;
    private final long number;
    private final int cpu;
    private final boolean isComplete;
    /** The innermost span around this one. */
    private @Nullable SpanNode parent;
    /** The begin before this one with the same name and thread. */
    @Nullable SpanNode older;
    /** Whether the span nests: no span around it has ended before it. */
    boolean isNested = true;
    /** Whether the span is one of those directly in an open span, or in none, and may still get another parent. */
    boolean isMovable;
    /** Whether the shelf counts the span. */
    boolean isKept;
    private long begin;
    private long end;
    private long endNumber;
    private int endCpu;
    private long nanos;
    private int depth;
    private long innerCycles;
    private int innerCount;
    /** The spans directly in this one that wait for their final place, in the order of their ends. */
    private @Nullable Deque<SpanNode> waiting;
    private @Nullable Object note;

    /**
     * Creates a span that begins with an event.
     *
     * @param name the name, with its provider
     * @param event the event
     * @param number the number of the event
     * @param parent the innermost span around it
     */
    SpanNode(String name, TraceEvent event, long number, @Nullable SpanNode parent) {
        this(name, event, number, parent, event.timestamp(), false);
    }

    private SpanNode(String name, TraceEvent event, long number, @Nullable SpanNode parent, long begin,
            boolean isComplete) {
        this.name = name;
        this.threadId = event.threadId();
        this.number = number;
        this.cpu = event.cpu();
        this.isComplete = isComplete;
        this.begin = begin;
        this.end = begin;
        setParent(parent);
    }

    /**
     * Returns a span that one event records.
     *
     * @param name the name, with its provider
     * @param event the event
     * @param number the number of the event
     * @param parent the innermost span around it
     * @param begin the begin, in cycles
     * @param end the end, in cycles
     * @param nanos the duration that the event has, in nanoseconds
     */
    static SpanNode complete(String name, TraceEvent event, long number, @Nullable SpanNode parent, long begin,
            long end, long nanos) {
        SpanNode node = new SpanNode(name, event, number, parent, begin, true);
        node.finish(end, event.cpu(), number, nanos);
        return node;
    }

    /**
     * Sets the end.
     *
     * @param at the time, in cycles
     * @param onCpu the CPU index
     * @param byEvent the number of the event
     * @param length the duration in nanoseconds; -1 if the event is earlier than the begin, which then is no span
     */
    void finish(long at, int onCpu, long byEvent, long length) {
        end = at;
        endCpu = onCpu;
        endNumber = byEvent;
        nanos = length;
    }

    /** Sets the time of a complete span. */
    void move(long from, long to) {
        begin = from;
        end = to;
    }

    String name() {
        return name;
    }

    long threadId() {
        return threadId;
    }

    /** Returns the number of the first event among all events that the matcher has taken, from 1. */
    long number() {
        return number;
    }

    /** Returns the number of the last event; 0 of a span without an end. */
    long endNumber() {
        return endNumber;
    }

    /** Tells whether one event records the span; its begin is then no event. */
    boolean isComplete() {
        return isComplete;
    }

    long begin() {
        return begin;
    }

    /** Returns the end; of a span without an end it is the begin. */
    long end() {
        return end;
    }

    int cpu() {
        return cpu;
    }

    int endCpu() {
        return endCpu;
    }

    /** Returns the duration in nanoseconds, or -1 if time has gone back. */
    long nanos() {
        return nanos;
    }

    @Nullable SpanNode parent() {
        return parent;
    }

    /** Sets the innermost span around this one. */
    void setParent(@Nullable SpanNode around) {
        parent = around;
        depth = around == null ? 0 : around.depth + 1;
    }

    /** Returns the number of spans around this one, if its place is final. */
    int depth() {
        return depth;
    }

    /** Returns the time of the spans directly in this one that have ended, in cycles. */
    long innerCycles() {
        return innerCycles;
    }

    /** Returns the number of the spans directly in this one that have ended. */
    int innerCount() {
        return innerCount;
    }

    /** Counts a span directly in this one. */
    void addInner(SpanNode inner) {
        innerCycles += inner.end - inner.begin;
        innerCount++;
    }

    /** Takes back the count of a span that is not directly in this one. */
    void removeInner(SpanNode inner) {
        innerCycles -= inner.end - inner.begin;
        innerCount--;
    }

    /** Returns the spans directly in this one that wait, or null. */
    @Nullable Deque<SpanNode> waiting() {
        return waiting;
    }

    /** Returns the list of the spans directly in this one that wait. */
    Deque<SpanNode> toWaiting() {
        Deque<SpanNode> list = waiting == null ? new ArrayDeque<>(2) : waiting;
        waiting = list;
        return list;
    }

    void forgetWaiting() {
        waiting = null;
    }

    /** Returns the data of the reader of the trace. */
    @Nullable Object note() {
        return note;
    }

    void setNote(Object data) {
        note = data;
    }
}
