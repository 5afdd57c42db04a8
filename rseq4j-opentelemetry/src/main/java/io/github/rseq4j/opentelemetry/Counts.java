package io.github.rseq4j.opentelemetry;

import java.util.AbstractList;
import java.util.RandomAccess;

/** The counts of consecutive buckets, as OpenTelemetry's points have them: a {@link Long} is made when it is asked. */
final class Counts extends AbstractList<Long> implements RandomAccess {
    private final long[] counts;

    Counts(long[] counts) {
        this.counts = counts;
    }

    @Override
    public Long get(int index) {
        return counts[index];
    }

    @Override
    public int size() {
        return counts.length;
    }
}
