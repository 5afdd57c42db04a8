package io.github.rseq4j.analysis.page;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Comparator;
import java.util.Map;

/** Numeric fields over time: for each step the number, the smallest, the largest and the sum of the values. */
final class Series {
    /* How it works
     *
     * The steps begin with one nanosecond, and double when a value comes after the last step, as in TraceLanes.
     */
    /** The number of steps. */
    static final int STEPS = 1024;
    private static final int SERIES_BYTES = 4 * Double.BYTES * STEPS * 16;

    private final int limit;
    private final Map<String, Values> byName = new LinkedHashMap<>();
    private long stepNanos = 1;
    /** The number of values of all fields for which there was no room. */
    private final Values others = new Values("others");

    /** The values of one field. */
    static final class Values {
        final String name;
        final int[] counts = new int[STEPS];
        final double[] smallest = new double[STEPS];
        final double[] largest = new double[STEPS];
        final double[] sums = new double[STEPS];
        long count;

        Values(String name) {
            this.name = name;
        }

        private void add(int step, int more, double small, double large, double sum) {
            boolean isFirst = counts[step] == 0;
            smallest[step] = isFirst ? small : Math.min(smallest[step], small);
            largest[step] = isFirst ? large : Math.max(largest[step], large);
            sums[step] = (isFirst ? 0 : sums[step]) + sum;
            counts[step] += more;
        }

        private void fold() {
            for (int step = 0; step < STEPS; step++) {
                int more = counts[step];
                counts[step] = 0;
                if (more != 0) {
                    add(step / 2, more, smallest[step], largest[step], sums[step]);
                }
            }
        }
    }

    Series(int limit) {
        this.limit = Math.clamp(Runtime.getRuntime().maxMemory() / SERIES_BYTES, 1, limit);
    }

    /** Adds a value; values that are no numbers are left out. */
    void add(String name, long nanos, double value) {
        if (!Double.isFinite(value)) {
            return;
        }
        Values values = byName.get(name);
        while (nanos / stepNanos >= STEPS) {
            stepNanos *= 2;
            byName.values().forEach(Values::fold);
            others.fold();
        }
        if (values == null) {
            values = byName.size() < limit ? new Values(name) : others;
            if (values != others) {
                byName.put(name, values);
            }
        }
        values.add((int) (nanos / stepNanos), 1, value, value, value);
        values.count++;
    }

    long stepNanos() {
        return stepNanos;
    }

    /** Returns the number of values of fields for which there was no room. */
    long beyond() {
        return others.count;
    }

    /** Returns the numbers of values of fields for which there was no room. */
    int[] others() {
        return others.counts;
    }

    /** Returns the fields, those with the most values first. */
    List<Values> all() {
        return byName.values().stream().sorted(Comparator.comparingLong((Values each) -> each.count).reversed())
                .toList();
    }
}
