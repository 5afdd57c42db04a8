package io.github.rseq4j.demo;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * The figure of rseq4j divided by that of a peer, over the rounds: each turn is compared with the peer's next one.
 *
 * @param median the median of the ratios
 * @param least the smallest ratio
 * @param most the greatest ratio
 * @param verdict what the ratios show
 */
record Ratio(double median, double least, double most, Verdict verdict) {
    /** The meaning of ratios. */
    enum Verdict {
        /** Ours is better in each round. */
        BETTER("better"),
        /** It is better in some rounds, and worse in others; or all are equal. */
        SAME("no difference shown"),
        /** It is worse in each round. */
        WORSE("worse");

        private final String text;

        Verdict(String text) {
            this.text = text;
        }

        String text() {
            return text;
        }
    }

    static Ratio of(Measure measure, List<Turn> ours, List<Turn> peers) {
        double[] ratios = new double[ours.size()];
        for (int i = 0; i < ratios.length; i++) {
            double our = measure.of(ours.get(i));
            double peer = measure.of(peers.get(i));
            // None of both, such as recyclers after the warm-up.
            ratios[i] = our == peer ? 1 : our / peer;
        }
        Arrays.sort(ratios);
        double least = ratios[0];
        double most = ratios[ratios.length - 1];
        boolean isMore = least > 1;
        boolean isLess = most < 1;
        Verdict verdict = !isMore && !isLess ? Verdict.SAME
                : isMore == measure.isMoreBetter() ? Verdict.BETTER : Verdict.WORSE;
        return new Ratio(median(ratios), least, most, verdict);
    }

    /** Returns the median of sorted values. */
    static double median(double[] sorted) {
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    String text() {
        return number(median) + " (" + number(least) + " to " + number(most) + ")";
    }

    private static String number(double ratio) {
        return Double.isInfinite(ratio) ? "-" : String.format(Locale.ROOT, ratio != 0 && ratio < 0.1 ? "%.4f" : "%.3f",
                ratio);
    }
}
