package io.github.rseq4j.bench;

import java.util.Arrays;
import java.util.Collection;
import java.util.Locale;

/** Medians of measured values, with the least and the greatest value. */
public final class Medians {
    private Medians() {}

    /**
     * Formats values as {@code median (least to greatest)}. Of an even number of values the median is the greater one
     * of the middle two.
     *
     * @param format the format of each of the three numbers
     * @param values at least one value, in any order
     * @return the text
     */
    public static String text(String format, double... values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return String.format(Locale.ROOT, format + " (" + format + " to " + format + ")", sorted[sorted.length / 2],
                sorted[0], sorted[sorted.length - 1]);
    }

    /**
     * Formats values as {@code median (least to greatest)}.
     *
     * @param format the format of each of the three numbers
     * @param values at least one value, in any order
     * @return the text
     */
    public static String text(String format, Collection<Double> values) {
        return text(format, values.stream().mapToDouble(Double::doubleValue).toArray());
    }

    /**
     * Returns the median of some values.
     *
     * @param values at least one value, in any order
     * @return the median
     */
    public static double of(Collection<Double> values) {
        return values.stream().mapToDouble(Double::doubleValue).sorted().toArray()[values.size() / 2];
    }
}
