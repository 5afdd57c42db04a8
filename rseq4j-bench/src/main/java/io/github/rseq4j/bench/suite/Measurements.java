package io.github.rseq4j.bench.suite;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/** The figures of all rounds. One thread uses it. */
final class Measurements {
    /** Four digits after the point. */
    private static final double DIGITS = 1e4;

    private record Cell(String family, String row, int threads) {}

    private final Map<Cell, List<double[]>> rounds = new LinkedHashMap<>();
    private final Map<String, String> missing = new LinkedHashMap<>();

    boolean isEmpty() {
        return rounds.isEmpty();
    }

    /** Adds the values of a round, rounded to the digits that a file has. */
    void add(Family family, Row row, int threads, double[] values) {
        rounds.computeIfAbsent(new Cell(family.name(), row.name(), threads), _ -> new ArrayList<>())
                .add(Arrays.stream(values).map(value -> Math.rint(value * DIGITS) / DIGITS).toArray());
    }

    /** Says why a row is not measured. */
    void addMissing(Family family, Row row, String reason) {
        missing.put(family.name() + "/" + row.name(), reason);
    }

    /** Returns why a row is not measured, or null. */
    @Nullable String missing(Family family, Row row) {
        return missing.get(family.name() + "/" + row.name());
    }

    /** Returns the value that a function computes from the means of rows, or null if one of them is not measured. */
    @Nullable Interval interval(Family family, List<String> rows, int threads,
            ToDoubleFunction<double[]> statistic) {
        List<List<double[]>> measured = new ArrayList<>();
        int common = Integer.MAX_VALUE;
        for (String row : rows) {
            List<double[]> all = rounds.getOrDefault(new Cell(family.name(), row, threads), List.of());
            measured.add(all);
            common = Math.min(common, all.size());
        }
        int least = common;
        return least == 0 ? null : Interval.of(measured.stream().map(all -> all.subList(0, least)).toList(), statistic);
    }

    /** Returns whether one of some rows has a single value, whose interval is a point and decides nothing. */
    boolean isSingle(Family family, List<String> rows, int threads) {
        return rows.stream().map(row -> rounds.getOrDefault(new Cell(family.name(), row, threads), List.of()))
                .anyMatch(all -> all.size() == 1 && all.getFirst().length == 1);
    }

    /** Returns the rounds of a row. */
    List<double[]> rounds(Family family, Row row, int threads) {
        return List.copyOf(rounds.getOrDefault(new Cell(family.name(), row.name(), threads), List.of()));
    }
}
