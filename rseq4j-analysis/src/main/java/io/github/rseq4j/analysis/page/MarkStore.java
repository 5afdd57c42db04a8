package io.github.rseq4j.analysis.page;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;

/** Keeps a bounded number of marks: the longest spans, or a fair choice of instants. */
final class MarkStore {
    /* How it works
     *
     * The store fills up to a quarter beyond its limit. Then it keeps as many marks as its limit and gives the others
     * away, so the cost of a mark does not grow with their number.
     *
     * Of spans the longest ones stay, and the longest of each name. Instants have no length: each name may keep as many
     * as the names with fewer instants leave room for, and a random choice of those stays. The seed is fixed, so equal
     * traces give equal pages.
     */
    private static final long SEED = 17;
    private static final int SPARE_PART = 4;

    private final boolean isOfSpans;
    private final Consumer<Mark> dropped;
    private final Random random = new Random(SEED);
    private int limit;
    private long longestDropped;
    private List<Mark> marks = new ArrayList<>();

    /**
     * Creates a store.
     *
     * @param isOfSpans whether the longest marks stay; otherwise a fair choice stays
     * @param limit the most marks that stay
     * @param dropped receives the other marks
     */
    MarkStore(boolean isOfSpans, int limit, Consumer<Mark> dropped) {
        this.isOfSpans = isOfSpans;
        this.limit = limit;
        this.dropped = dropped;
    }

    void add(Mark mark) {
        marks.add(mark);
        if (marks.size() - limit >= limit / SPARE_PART) {
            shrink();
        }
    }

    /** Returns the length of the longest mark that was given away, or 0. */
    long longestDropped() {
        return longestDropped;
    }

    List<Mark> marks() {
        return marks;
    }

    /** Lowers the limit, and gives away the marks beyond it. */
    void keep(int most) {
        limit = Math.min(limit, most);
        shrink();
    }

    private void shrink() {
        if (marks.size() <= limit) {
            return;
        }
        if (isOfSpans) {
            // Spans without an end come first: they may be why a request never ended. Then the longest of each name.
            Map<MarkName, Mark> longest = new HashMap<>();
            marks.forEach(mark -> longest.merge(mark.name, mark, (one, other) -> other.whole > one.whole ? other
                    : one));
            boolean keepsLongest = longest.size() <= limit / 2;
            marks.sort(Comparator.comparing((Mark mark) -> (mark.flags & Mark.UNFINISHED) == 0)
                    .thenComparing(mark -> !keepsLongest || longest.get(mark.name) != mark)
                    .thenComparing(Comparator.comparingLong((Mark mark) -> mark.nanos).reversed()));
            List<Mark> rest = marks.subList(limit, marks.size());
            rest.forEach(mark -> longestDropped = Math.max(longestDropped, mark.nanos));
            rest.forEach(dropped);
            rest.clear();
        } else {
            choose();
        }
    }

    /**
     * Leaves out the arguments of the shortest marks.
     *
     * @param most the number of marks whose arguments stay
     */
    void keepArguments(int most) {
        List<Mark> with = marks.stream().filter(mark -> !mark.arguments.isEmpty()
                && !mark.arguments.equals(Mark.LEFT_OUT))
                .sorted(Comparator.comparingLong((Mark mark) -> mark.nanos).reversed()).toList();
        with.subList(Math.min(most, with.size()), with.size()).forEach(mark -> mark.arguments(Mark.LEFT_OUT));
    }

    private void choose() {
        Map<MarkName, Integer> counts = new HashMap<>();
        marks.forEach(mark -> counts.merge(mark.name, 1, Integer::sum));
        Map<MarkName, Integer> shares = shares(counts);
        List<Mark> kept = new ArrayList<>(limit);
        for (Mark mark : marks) {
            // Of the n marks that are left of a name, k are still to be chosen: this one with the probability k/n.
            int left = counts.merge(mark.name, -1, Integer::sum) + 1;
            int share = shares.getOrDefault(mark.name, 0);
            if (random.nextInt(left) < share) {
                shares.put(mark.name, share - 1);
                kept.add(mark);
            } else {
                dropped.accept(mark);
            }
        }
        marks = kept;
    }

    private Map<MarkName, Integer> shares(Map<MarkName, Integer> counts) {
        Map<MarkName, Integer> shares = new HashMap<>();
        int room = limit;
        int names = counts.size();
        for (Map.Entry<MarkName, Integer> each : counts.entrySet().stream()
                .sorted(Map.Entry.comparingByValue()).toList()) {
            int share = Math.min(each.getValue(), room / names);
            shares.put(each.getKey(), share);
            room -= share;
            names--;
        }
        return shares;
    }
}
