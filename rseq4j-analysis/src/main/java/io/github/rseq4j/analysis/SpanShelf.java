package io.github.rseq4j.analysis;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Keeps spans that have ended until their place is final, because a complete span around them may still come. */
final class SpanShelf {
    /* How it works
     *
     * The spans that have ended directly in an open span, or in no span, wait in a list, in the order of their ends. A
     * complete span takes those from the end of the list that began in its time. Spans of a thread nest as calls do,
     * and the event of a complete span is recorded some time after its end. So if the time of the complete span, moved
     * to an earlier begin by at most MOST_MOVED, would contain a span that overlaps with it, it is moved so.
     *
     * The number of waiting spans is bounded: the one that has waited longest then gets its final place. The bound
     * counts the spans in them too, which wait with them.
     */
    private static final int MOST_KEPT = 1 << 20;
    private static final int NODE_BYTES = 2048;
    private static final int SPARE = 1024;
    private static final long NANOS_PER_SECOND = 1_000_000_000;
    /** The part of a second by which a complete span may be moved: 10 ms. */
    private static final long MOST_MOVED = 100;
    /** The part of a duration by which the frequency of the clock may be wrong. */
    private static final long WRONG_PART = 1_000;

    private final long maxKept = Math.min(MOST_KEPT, Runtime.getRuntime().maxMemory() / NODE_BYTES);
    private final boolean keepsPlaces;
    private final Map<Long, Deque<SpanNode>> roots = new HashMap<>();
    /** All spans that waited, in the order of their ends; those that are not movable any more are passed over. */
    private final Deque<SpanNode> queue = new ArrayDeque<>();
    private final List<SpanNode> ready = new ArrayList<>();
    private final List<SpanNode> adopted = new ArrayList<>();
    private long kept;
    private boolean isUsed;

    /** @param keepsPlaces whether {@link #settle} is used; otherwise spans in others are not kept */
    SpanShelf(boolean keepsPlaces) {
        this.keepsPlaces = keepsPlaces;
    }

    /** Sets whether spans wait: whether the trace has complete spans. */
    void setUsed(boolean now) {
        isUsed = now;
    }

    /** Returns the spans directly in the complete span that came last, in the order of their ends. */
    List<SpanNode> adopted() {
        return List.copyOf(adopted);
    }

    /** Takes a span that has ended. */
    void ended(SpanNode node) {
        SpanNode parent = node.parent();
        if (node.isNested && parent != null) {
            parent.addInner(node);
        }
        own(node);
        if (isUsed && node.isNested) {
            keep(node);
        } else {
            ready(node);
        }
    }

    /** The spans directly in a span that has ended wait with it. */
    private void own(SpanNode node) {
        Deque<SpanNode> inside = node.waiting();
        if (inside != null) {
            inside.forEach(each -> each.isMovable = false);
            if (!keepsPlaces) {
                kept -= inside.size();
                node.forgetWaiting();
            }
        }
    }

    private void keep(SpanNode node) {
        SpanNode parent = node.parent();
        (parent == null ? roots.computeIfAbsent(node.threadId(), _ -> new ArrayDeque<>(2)) : parent.toWaiting())
                .addLast(node);
        node.isMovable = true;
        node.isKept = true;
        queue.addLast(node);
        kept++;
        while (kept > maxKept && !queue.isEmpty()) {
            SpanNode oldest = queue.removeFirst();
            if (oldest.isMovable) {
                take(oldest);
                ready(oldest);
                break;
            }
        }
        if (queue.size() > 2 * kept + SPARE) {
            queue.removeIf(each -> !each.isMovable);
        }
    }

    private @Nullable Deque<SpanNode> siblings(SpanNode node) {
        SpanNode parent = node.parent();
        return parent == null ? roots.get(node.threadId()) : parent.waiting();
    }

    /** Takes a span out of the list in which it waits. */
    private void take(SpanNode node) {
        Deque<SpanNode> list = siblings(node);
        if (list != null) {
            if (list.peekLast() == node) {
                list.removeLast();
            } else {
                list.remove(node);
            }
            if (list.isEmpty() && node.parent() == null) {
                roots.remove(node.threadId());
            }
        }
        node.isMovable = false;
    }

    private void ready(SpanNode node) {
        if (keepsPlaces) {
            ready.add(node);
        } else if (node.isKept) {
            kept--;
        }
    }

    /** Gives the spans in a begin that will not end, or has left the stack, their final place. */
    void left(SpanNode begun) {
        Deque<SpanNode> inside = begun.waiting();
        if (inside != null) {
            begun.forgetWaiting();
            inside.forEach(each -> each.isMovable = false);
            inside.forEach(this::ready);
        }
    }

    /**
     * Places a complete span, and takes the spans in its time into it.
     *
     * @param node the span
     * @param frequency the cycles of a second
     * @return the span
     */
    SpanNode complete(SpanNode node, long frequency) {
        adopted.clear();
        long cycles = node.end() - node.begin();
        long begin = node.begin();
        long slack = cycles / WRONG_PART + 2 * Math.ceilDiv(frequency, NANOS_PER_SECOND);
        Deque<SpanNode> list = siblings(node);
        SpanNode last = list == null ? null : list.peekLast();
        long latest = last == null ? node.end() : last.end();
        while (last != null && (less(begin, last.end()) || !less(last.begin(), begin))) {
            if (less(last.begin(), begin)) {
                if (node.begin() - last.begin() > frequency / MOST_MOVED
                        || less(last.begin() + cycles + slack, latest)) {
                    node.isNested = false;
                    break;
                }
                begin = last.begin();
            }
            adopt(node, last);
            last = list == null ? null : list.peekLast();
        }
        if (!adopted.isEmpty()) {
            // Of two slices with the same begin, viewers would take the later one as the inner one.
            long first = adopted.getLast().begin();
            SpanNode parent = node.parent();
            long least = later(parent == null ? 0 : parent.begin(), last == null || !node.isNested ? 0 : last.end());
            long one = Math.ceilDiv(frequency, NANOS_PER_SECOND);
            begin = less(begin, first) ? begin : later(less(first, one) ? 0 : first - one, least);
            boolean isMoved = less(begin, node.begin());
            node.move(begin, isMoved && less(begin + cycles, node.end()) ? later(begin + cycles, latest) : node.end());
            adopted.forEach(node::addInner);
        }
        Collections.reverse(adopted);
        ended(node);
        return node;
    }

    private void adopt(SpanNode node, SpanNode inner) {
        take(inner);
        SpanNode parent = inner.parent();
        if (parent != null) {
            parent.removeInner(inner);
        }
        inner.setParent(node);
        adopted.add(inner);
        if (keepsPlaces) {
            node.toWaiting().addFirst(inner);
        } else {
            kept--;
        }
    }

    private static boolean less(long one, long other) {
        return Long.compareUnsigned(one, other) < 0;
    }

    private static long later(long one, long other) {
        return less(one, other) ? other : one;
    }

    /** Visits the spans whose place is final since the last call, each after the spans around it, with its depth. */
    void settle(SpanMatcher.Spans to) throws IOException {
        if (ready.isEmpty()) {
            return;
        }
        Deque<SpanNode> next = new ArrayDeque<>();
        for (SpanNode root : ready) {
            next.push(root);
            while (!next.isEmpty()) {
                SpanNode node = next.pop();
                kept -= node.isKept ? 1 : 0;
                node.setParent(node.parent());
                to.take(node);
                Deque<SpanNode> inside = node.waiting();
                if (inside != null) {
                    node.forgetWaiting();
                    inside.forEach(next::push);
                }
            }
        }
        ready.clear();
    }

    /** Gives all spans that wait in no span their final place. */
    void finish() {
        roots.values().forEach(list -> list.forEach(each -> {
            each.isMovable = false;
            ready(each);
        }));
        roots.clear();
    }
}
