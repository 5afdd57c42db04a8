package io.github.rseq4j.ir;

import io.github.rseq4j.section.Condition;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What is known of unknown words and of sums of them at one point of a section: by how they came about, and by the
 * comparisons that did not leave the section.
 */
final class Facts {
    /** Beyond this a sum may have passed 2^64, and nothing is told of it. */
    private static final long TOO_FAR = 1L << 62;
    /** How many facts are combined for one answer. */
    private static final int DEPTH = 2;

    private final List<Long> highest = new ArrayList<>();
    private final List<Within> ranges = new ArrayList<>();
    private final List<AtLeast> floors = new ArrayList<>();

    /** A sum is, modulo 2^64, one of the numbers from {@code low} to {@code high}. */
    private record Within(Sum sum, Range range) {}

    /** A sum is, as an unsigned number, at least another one. */
    private record AtLeast(Sum sum, Sum floor) {}

    /**
     * Numbers, of either sign, that are so small that no sum of them passes 2^64.
     *
     * @param low the lowest
     * @param high the highest
     */
    record Range(long low, long high) {
        /** Returns the range of this and of a multiple of another, or null where that is too far from 0. */
        @Nullable Range plus(Range other, long times) {
            try {
                long one = Math.multiplyExact(other.low, times);
                long two = Math.multiplyExact(other.high, times);
                long from = Math.addExact(low, Math.min(one, two));
                long to = Math.addExact(high, Math.max(one, two));
                return from > -TOO_FAR && to < TOO_FAR ? new Range(from, to) : null;
            } catch (ArithmeticException _) {
                return null;
            }
        }
    }

    /**
     * Adds an unknown word.
     *
     * @param max the highest unsigned number that it may hold; a negative one stands for any
     * @return its number
     */
    int unknown(long max) {
        highest.add(max < TOO_FAR ? max : -1);
        return highest.size() - 1;
    }

    /** Notes what a comparison tells that did not hold. */
    void fails(Condition condition, Sum left, Sum right) {
        switch (condition) {
            case EQUAL -> { }
            case NOT_EQUAL -> within(left.minus(right), 0, 0);
            case BELOW -> isAtLeast(left, right);
            case ABOVE_OR_EQUAL -> isBelow(left, right);
        }
    }

    private void isAtLeast(Sum greater, Sum less) {
        Range above = range(greater);
        Range below = range(less);
        floors.add(new AtLeast(greater, less));
        if (above != null && above.low >= 0) {
            within(less, 0, above.high);
        }
        if (above != null && above.low >= 0 && below != null && below.low >= 0) {
            within(greater, below.low, above.high);
        }
    }

    private void isBelow(Sum less, Sum greater) {
        Range above = range(greater);
        floors.add(new AtLeast(greater, less.plus(1)));
        if (above != null && above.low >= 0) {
            long low = 0;
            for (AtLeast fact : floors) {
                long floor = fact.floor.isConstant() && fact.sum.equals(less) ? fact.floor.constant() : 0;
                low = Math.max(low, floor);
            }
            within(less, low, above.high - 1);
        }
    }

    /** Notes that a sum is one of the numbers of a range. */
    void within(Sum sum, long low, long high) {
        Within fact = new Within(sum, new Range(low, high));
        if (!ranges.contains(fact)) {
            ranges.add(fact);
        }
    }

    /** Returns where a sum lies, modulo 2^64, or null when that is not known. */
    @Nullable Range range(Sum sum) {
        return range(sum, DEPTH);
    }

    private @Nullable Range range(Sum sum, int depth) {
        Range best = byItsWords(sum);
        for (Within fact : depth == 0 || sum.isConstant() ? List.<Within>of() : ranges) {
            long times = times(sum, fact.sum);
            Range rest = times == 0 ? null : range(sum.plus(fact.sum, -times), depth - 1);
            Range found = rest == null ? null : rest.plus(fact.range, times);
            if (found != null) {
                best = best == null ? found : new Range(Math.max(best.low, found.low), Math.min(best.high, found.high));
            }
        }
        return best;
    }

    /** Returns how often one sum is in another, by the first of its words; 0 when it is not. */
    private static long times(Sum sum, Sum part) {
        for (int unknown : part.factors().keySet()) {
            long in = sum.factor(unknown);
            if (in != 0 && in % part.factor(unknown) == 0) {
                return in / part.factor(unknown);
            }
        }
        return 0;
    }

    private @Nullable Range byItsWords(Sum sum) {
        Range range = new Range(sum.constant(), sum.constant());
        if (range.low <= -TOO_FAR || range.high >= TOO_FAR) {
            return null;
        }
        for (int unknown : sum.factors().keySet()) {
            // A word that is loaded later on is not known yet.
            long max = unknown < highest.size() ? highest.get(unknown) : -1;
            range = max < 0 || range == null ? null : range.plus(new Range(0, max), sum.factor(unknown));
        }
        return range;
    }

    /**
     * Tells whether a sum is for sure none of the numbers from 0 on that are less than a length.
     *
     * @param sum the sum
     * @param length the length
     * @param maxLength the greatest length
     */
    boolean excludes(Sum sum, Sum length, long maxLength) {
        if (sum.isConstant()) {
            return Long.compareUnsigned(sum.constant(), maxLength) >= 0;
        }
        Range range = range(sum);
        if (range != null && (range.high < 0 || range.low >= maxLength)) {
            return true;
        }
        return floors.stream().anyMatch(fact -> fact.sum.equals(sum) && fact.floor.equals(length)
                || fact.floor.isConstant() && excludes(sum, maxLength, fact.sum, fact.floor.constant()));
    }

    /** Tells whether a sum is no number from 0 on that is less than a length, as another sum is at least a floor. */
    private static boolean excludes(Sum sum, long length, Sum other, long floor) {
        Sum ahead = other.minus(sum);
        Sum both = other.plus(sum);
        long first;
        if (ahead.isConstant()) {
            // Then the other one would be one of as many numbers from this one on.
            first = ahead.constant();
        } else if (both.isConstant()) {
            // Then it would be one of as many numbers up to this one.
            first = both.constant() - length + 1;
        } else {
            return false;
        }
        return first >= 0 && first < TOO_FAR && Long.compareUnsigned(first + length, floor) <= 0;
    }
}
