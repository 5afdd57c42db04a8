package io.github.rseq4j.ir;

import io.github.rseq4j.section.Condition;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The facts about unknown words, and about sums of them, at one point of a section. They follow from the steps that
 * produced the words, and from the comparisons that did not leave the section.
 */
final class Facts {
    /** A sum beyond this may have wrapped around at 2^64, so there are no facts about it. */
    private static final long TOO_FAR = 1L << 62;
    /** The number of facts that are combined for one answer. */
    private static final int DEPTH = 2;

    private final List<Long> highest = new ArrayList<>();
    private final List<Within> ranges = new ArrayList<>();
    private final List<AtLeast> floors = new ArrayList<>();

    /** A sum is, modulo 2^64, one of the numbers from {@code low} to {@code high}. */
    private record Within(Sum sum, Range range) {}

    /** A sum is, as an unsigned number, at least another one. */
    private record AtLeast(Sum sum, Sum floor) {}

    /**
     * A range of signed numbers that are so small that no sum of them wraps around at 2^64.
     *
     * @param low the lowest
     * @param high the highest
     */
    record Range(long low, long high) {
        /** Returns the range of the sum of this and a multiple of another range, or null if it is too far from 0. */
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

    /** Adds the fact that a comparison did not hold. */
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

    /** Adds the fact that a sum is one of the numbers of a range. */
    void within(Sum sum, long low, long high) {
        Within fact = new Within(sum, new Range(low, high));
        if (!ranges.contains(fact)) {
            ranges.add(fact);
        }
    }

    /** Returns the range of a sum, modulo 2^64, or null if it is not known. */
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

    /** Returns the factor of one sum in another, by the first of its words, or 0. */
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
            // A later step loads the word, so there are no facts about it yet.
            long max = unknown < highest.size() ? highest.get(unknown) : -1;
            range = max < 0 || range == null ? null : range.plus(new Range(0, max), sum.factor(unknown));
        }
        return range;
    }

    /**
     * Tells whether a sum is certainly not among the numbers from 0 to below a length.
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

    /**
     * Tells whether a sum is not among the numbers from 0 to below a length, if another sum is at least a floor.
     */
    private static boolean excludes(Sum sum, long length, Sum other, long floor) {
        Sum distance = other.minus(sum);
        Sum both = other.plus(sum);
        long first;
        if (distance.isConstant()) {
            // If the sum were among them, the other one would be among as many numbers from this one on.
            first = distance.constant();
        } else if (both.isConstant()) {
            // If the sum were among them, the other one would be among as many numbers up to this one.
            first = both.constant() - length + 1;
        } else {
            return false;
        }
        return first >= 0 && first < TOO_FAR && Long.compareUnsigned(first + length, floor) <= 0;
    }
}
