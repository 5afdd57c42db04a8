package io.github.rseq4j.analysis.page;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The kept spans by thread, to find those around events of another clock. */
public final class SpanIndex {
    /** The most nanoseconds by which the times of a recording are taken to be wrong. */
    private static final long SLACK_NANOS = 100_000;

    private final Map<Long, List<Mark>> byThread = new HashMap<>();

    /** @param data the spans */
    public SpanIndex(PageData data) {
        List<Mark> spans = new ArrayList<>(data.spans.marks());
        spans.sort(Mark.BY_BEGIN);
        Nesting.set(spans);
        spans.forEach(span -> byThread.computeIfAbsent(span.threadId, _ -> new ArrayList<>()).add(span));
    }

    /**
     * Finds the innermost span around a mark, and moves the ends of the mark into it if they are beside it because of
     * the clocks.
     *
     * @param mark the mark, which is in no list yet
     * @return whether there is such a span
     */
    public boolean fit(Mark mark) {
        List<Mark> spans = byThread.getOrDefault(mark.threadId, List.of());
        int low = 0;
        int high = spans.size();
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (spans.get(middle).begin <= mark.begin + SLACK_NANOS) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        @Nullable Mark around = low == 0 ? null : spans.get(low - 1);
        while (around != null && !isIn(mark, around)) {
            around = around.parent;
        }
        if (around == null) {
            return false;
        }
        long begin = Math.max(mark.begin, around.begin);
        mark.nanos = Math.max(Math.min(mark.end(), around.end()) - begin, 0);
        mark.begin = begin;
        mark.depth = around.depth + 1;
        return true;
    }

    private static boolean isIn(Mark mark, Mark span) {
        return mark.begin >= span.begin - SLACK_NANOS && mark.end() <= span.end() + SLACK_NANOS
                && mark.begin < span.end() && mark.end() > span.begin;
    }
}
