package io.github.rseq4j.bench.suite;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;

/** Figures as text, with three digits, and never rounded in our favour. */
final class Numbers {
    private static final int DIGITS = 3;

    private Numbers() {}

    /** Returns a number that was given, without zeros at its end. */
    static String plain(double value) {
        return BigDecimal.valueOf(value).stripTrailingZeros().toPlainString();
    }

    /** Returns a figure of ours, or a ratio to a peer: rounded up. */
    static String up(double value) {
        return rounded(value, RoundingMode.CEILING);
    }

    /** Returns a figure of a peer or a limit: rounded down. */
    static String down(double value) {
        return rounded(value, RoundingMode.FLOOR);
    }

    /** Returns a figure of ours with its interval, which is rounded outwards. */
    static String up(Interval interval) {
        return up(interval.value()) + ends(interval);
    }

    /** Returns a figure of a peer or a limit with its interval, which is rounded outwards. */
    static String down(Interval interval) {
        return down(interval.value()) + ends(interval);
    }

    /** Returns a number of threads in words. */
    static String threads(int threads) {
        return threads + (threads == 1 ? " thread" : " threads");
    }

    private static String ends(Interval interval) {
        return " [" + down(interval.low()) + " " + up(interval.high()) + "]";
    }

    private static String rounded(double value, RoundingMode mode) {
        if (!Double.isFinite(value)) {
            return "-";
        }
        BigDecimal digits = new BigDecimal(value).round(new MathContext(DIGITS, mode));
        return digits.scale() > DIGITS - 1 ? digits.setScale(DIGITS - 1, mode).toPlainString()
                : digits.toPlainString();
    }
}
