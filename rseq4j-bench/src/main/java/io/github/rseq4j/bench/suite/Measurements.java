package io.github.rseq4j.bench.suite;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/** The figures of all rounds. Thread-safe: a run that is interrupted prints it while another thread adds. */
final class Measurements {
    private record Cell(String family, String row, int threads) {}

    private final Map<Cell, List<double[]>> rounds = new LinkedHashMap<>();
    private final Map<String, String> missing = new LinkedHashMap<>();

    synchronized boolean isEmpty() {
        return rounds.isEmpty();
    }

    synchronized void add(Family family, Row row, int threads, double[] values) {
        rounds.computeIfAbsent(new Cell(family.name(), row.name(), threads), _ -> new ArrayList<>()).add(values);
    }

    /** Says why a row is not measured. */
    synchronized void addMissing(Family family, Row row, String reason) {
        missing.put(family.name() + "/" + row.name(), reason);
    }

    /** Returns why a row is not measured, or null. */
    synchronized @Nullable String missing(Family family, Row row) {
        return missing.get(family.name() + "/" + row.name());
    }

    /** Returns the value that a function computes from the means of rows, or null if one of them is not measured. */
    synchronized @Nullable Interval interval(Family family, List<String> rows, int threads,
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

    /** Returns the rounds of a row. */
    synchronized List<double[]> rounds(Family family, Row row, int threads) {
        return List.copyOf(rounds.getOrDefault(new Cell(family.name(), row.name(), threads), List.of()));
    }
}
