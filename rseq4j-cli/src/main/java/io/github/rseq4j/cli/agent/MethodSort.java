package io.github.rseq4j.cli.agent;

import io.github.rseq4j.agent.table.MethodRow;
import java.util.Comparator;
import java.util.function.ToLongFunction;

/** The column by which methods are sorted, the greatest value first. The names are the values of an option. */
enum MethodSort {
    calls(MethodRow::calls),
    total(MethodRow::totalNanos),
    p50(MethodRow::p50Nanos),
    p99(MethodRow::p99Nanos),
    max(MethodRow::maxNanos);

    private final ToLongFunction<MethodRow> column;

    MethodSort(ToLongFunction<MethodRow> column) {
        this.column = column;
    }

    /** Returns the order of methods. Methods with equal values are sorted by calls, and then by name. */
    Comparator<MethodRow> order() {
        return Comparator.comparingLong(column).thenComparingLong(MethodRow::calls).reversed()
                .thenComparing(MethodRow::className).thenComparing(MethodRow::method)
                .thenComparing(MethodRow::descriptor);
    }
}
