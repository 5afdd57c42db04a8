package io.github.rseq4j.bench.suite;

import java.util.List;
import java.util.stream.Collectors;

/**
 * A goal: ours takes at most {@code factor} times the best of the peers, and {@code more}.
 *
 * @param ours the name of a row of the same family
 * @param factor the factor
 * @param peers the names of rows of the same family; the least of them counts
 * @param more the rest, in the unit of the family
 * @param threads the numbers of threads for which the goal holds
 */
record Goal(String ours, double factor, List<String> peers, double more, List<Integer> threads) {
    private static final double TEN = 10;
    private static final List<Integer> ALL = List.of(1, 2, 8);

    /** A goal that is a ratio. */
    static Goal ratio(String ours, double factor, String... peers) {
        return new Goal(ours, factor, List.of(peers), 0, ALL);
    }

    /** A goal that is a distance to a limit. */
    static Goal above(String ours, String limit, double more) {
        return new Goal(ours, 1, List.of(limit), more, ALL);
    }

    /** Returns this goal for some numbers of threads. */
    Goal with(Integer... threads) {
        return new Goal(ours, factor, peers, more, List.of(threads));
    }

    /** {@return the goal in words} */
    String text(String unit) {
        String best = peers.size() == 1 ? peers.getFirst()
                : peers.stream().collect(Collectors.joining(", ", "the best of ", ""));
        // A goal such as 1/1.8 is given so.
        double parts = Math.rint(TEN / factor) / TEN;
        String share = factor < 1 && 1 / parts == factor ? "1/" + Numbers.plain(parts) : Numbers.plain(factor);
        return ours + ": at most " + (factor == 1 ? "" : share + (factor > 1 ? " times " : " of ")) + best
                + (more == 0 ? "" : " + " + Numbers.plain(more) + " " + unit);
    }

    /** Returns the most that ours may take, by the means of the peers from an index on. */
    double most(double[] means, int from) {
        double least = Double.MAX_VALUE;
        for (int i = from; i < from + peers.size(); i++) {
            least = Math.min(least, means[i]);
        }
        return factor * least + more;
    }
}
