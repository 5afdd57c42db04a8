package io.github.rseq4j.bench.report;

import io.github.rseq4j.bench.Medians;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Figures by row and column, measured round by round; and the rows that could not be measured. */
final class Table {
    private static final int ROW_WIDTH = 58;

    private final String title;
    private final List<String> columns;
    private final Map<String, List<List<Double>>> rows = new LinkedHashMap<>();
    private final Map<String, String> reasons = new LinkedHashMap<>();

    Table(String title, List<String> columns) {
        this.title = title;
        this.columns = columns;
    }

    /** Adds values to a row, from a column on. A value that is not a number stands for none. */
    void add(String row, int column, double... values) {
        List<List<Double>> cells = rows.computeIfAbsent(row,
                _ -> columns.stream().<List<Double>>map(_ -> new ArrayList<>()).toList());
        for (int i = 0; i < values.length; i++) {
            if (!Double.isNaN(values[i])) {
                cells.get(column + i).add(values[i]);
            }
        }
    }

    /** Adds a row that has a reason instead of figures. */
    void addMissing(String row, String reason) {
        rows.putIfAbsent(row, List.of());
        reasons.put(row, reason);
    }

    /** Adds a row that has the message of an exception instead of figures. */
    void addMissing(String row, Exception reason) {
        addMissing(row, String.valueOf(reason.getMessage()).replaceAll("\\s+", " "));
    }

    /** Tells whether a row has a reason instead of figures. */
    boolean isMissing(String row) {
        return reasons.containsKey(row);
    }

    /** Prints medians, each with the least and the greatest value. */
    void print() {
        System.out.printf("%-" + ROW_WIDTH + "s", title);
        columns.forEach(column -> System.out.printf(" %27s", column));
        System.out.println();
        rows.forEach((row, cells) -> {
            System.out.printf("%-" + ROW_WIDTH + "s", row);
            cells.forEach(cell -> System.out.printf(" %27s", cell.isEmpty() ? "-" : text(cell)));
            System.out.println(reasons.containsKey(row) ? " not measured: " + reasons.get(row) : "");
        });
        System.out.println();
    }

    private static String text(List<Double> values) {
        double median = Medians.of(values);
        return median >= 1e6
                ? Medians.text("%,.2f", values.stream().map(value -> value / 1e6).toList()).replaceFirst(" ", "M ")
                : Medians.text(median >= 1e3 ? "%,.0f" : "%.1f", values);
    }
}
