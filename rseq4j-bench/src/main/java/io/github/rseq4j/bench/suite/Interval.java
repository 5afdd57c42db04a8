package io.github.rseq4j.bench.suite;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.ToDoubleFunction;

/**
 * A value that is computed from measurements, with its confidence interval of 95 %.
 *
 * <p>The interval comes from the percentile bootstrap (Efron and Tibshirani, An Introduction to the Bootstrap, chapter
 * 13). Each resample draws rounds with replacement, and then iterations of each drawn round. A round measures all rows
 * that are compared, so a slow machine in one round changes their ratio little. With fewer than five rounds the
 * interval is too narrow.
 *
 * @param value the value computed from all measurements
 * @param low the lower end of the interval
 * @param high the upper end of the interval
 */
record Interval(double value, double low, double high) {
    private static final int RESAMPLES = 2000;
    private static final int SEED = 1;
    private static final double TAIL = 0.025;

    /**
     * Computes a value and its interval.
     *
     * @param measured the rounds of each row, with as many rounds in each row; a round has at least one iteration
     * @param statistic computes the value from the means of the rows
     * @return the interval
     */
    static Interval of(List<List<double[]>> measured, ToDoubleFunction<double[]> statistic) {
        int rounds = measured.getFirst().size();
        SplittableRandom random = new SplittableRandom(SEED);
        double[] values = new double[RESAMPLES];
        int[] drawn = new int[rounds];
        for (int i = 0; i < RESAMPLES; i++) {
            Arrays.setAll(drawn, _ -> random.nextInt(rounds));
            values[i] = statistic.applyAsDouble(measured.stream()
                    .mapToDouble(row -> Arrays.stream(drawn).mapToDouble(r -> redrawn(row.get(r), random)).average()
                            .orElseThrow()).toArray());
        }
        Arrays.sort(values);
        double value = statistic.applyAsDouble(measured.stream().mapToDouble(row -> row.stream()
                .mapToDouble(round -> Arrays.stream(round).average().orElseThrow()).average().orElseThrow()).toArray());
        return new Interval(value, values[(int) (RESAMPLES * TAIL)], values[(int) (RESAMPLES * (1 - TAIL))]);
    }

    /** Returns the mean of a resample of a round: as many iterations, drawn with replacement. */
    private static double redrawn(double[] round, SplittableRandom random) {
        double sum = 0;
        for (int i = 0; i < round.length; i++) {
            sum += round[random.nextInt(round.length)];
        }
        return sum / round.length;
    }
}
