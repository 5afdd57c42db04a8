package io.github.rseq4j.cli.agent;

import io.github.rseq4j.agent.table.MethodRow;
import io.github.rseq4j.agent.table.MethodTableReader;
import io.github.rseq4j.agent.table.TableException;
import io.github.rseq4j.agent.table.TableReading;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The methods that top shows: two readings of the table, and what the user has chosen. Used by one thread. */
final class TopRows {
    /**
     * A method that is shown.
     *
     * @param row its calls, of the interval or since the agent was attached
     * @param perSecond its calls a second, of the interval
     * @param isOverloaded whether another method of the table differs only by its descriptor
     */
    record Shown(MethodRow row, double perSecond, boolean isOverloaded) {}

    /** The name of methods that may be overloaded. */
    private record Name(String className, String method) {
        static Name of(MethodRow row) {
            return new Name(row.className(), row.method());
        }
    }

    private static final double NANOS_PER_SECOND = 1e9;
    private static final double MILLIS_PER_SECOND = 1e3;

    private final MethodTableReader reader;
    private @Nullable TableReading earlier;
    private TableReading latest;
    private double ageSeconds;
    private MethodSort sort;
    private boolean isReversed;
    private boolean isSinceAttach;
    private MethodFilter filter;

    /**
     * Reads the table for the first time. Until the next reading, calls since the agent was attached are shown.
     *
     * @param reader the table
     * @param sort the column by which methods are sorted
     * @param filter selects methods
     * @param isSinceAttach whether to show calls since the agent was attached; otherwise those of the interval
     * @throws TableException if the table cannot be read
     */
    TopRows(MethodTableReader reader, MethodSort sort, MethodFilter filter, boolean isSinceAttach)
            throws TableException {
        this.reader = reader;
        this.sort = sort;
        this.filter = filter;
        this.isSinceAttach = isSinceAttach;
        this.latest = reader.read();
        this.ageSeconds = ageSeconds(latest);
    }

    /**
     * Reads the table again: the interval is the time since the last reading. If nothing was copied since, the interval
     * stays.
     *
     * @throws TableException if the process has ended, or the table cannot be read
     */
    void readAgain() throws TableException {
        TableReading next = reader.read();
        if (next.nanoTime() - latest.nanoTime() > 0) {
            earlier = latest;
            latest = next;
            ageSeconds = ageSeconds(next);
        }
    }

    MethodSort sort() {
        return sort;
    }

    boolean isReversed() {
        return isReversed;
    }

    MethodFilter filter() {
        return filter;
    }

    /** Sorts by a column, the greatest value first. */
    void sort(MethodSort column) {
        sort = column;
        isReversed = false;
    }

    void reverse() {
        isReversed = !isReversed;
    }

    void filter(MethodFilter selected) {
        filter = selected;
    }

    void toggleSinceAttach() {
        isSinceAttach = !isSinceAttach;
    }

    /** Returns why the counts are copied, or an empty text. */
    String whyCopied() {
        return latest.whyCopied();
    }

    private boolean showsAll() {
        return isSinceAttach || earlier == null;
    }

    private static double ageSeconds(TableReading reading) {
        return Math.max(0, System.currentTimeMillis() - reading.startedMillis()) / MILLIS_PER_SECOND;
    }

    /** Returns the period of which calls are shown, for people. */
    String period() {
        TableReading first = earlier;
        return showsAll() || first == null
                ? "since attach, " + TopText.period(Duration.ofSeconds((long) ageSeconds))
                : "last " + TopText.seconds((latest.nanoTime() - first.nanoTime()) / NANOS_PER_SECOND) + " s";
    }

    /** Returns the number of methods in the table. */
    int methods() {
        return latest.methodCount();
    }

    /** Returns the selected methods, sorted. */
    List<Shown> rows() {
        TableReading first = earlier;
        List<MethodRow> all = latest.rows();
        List<MethodRow> interval = first == null ? all : latest.since(first);
        double seconds = first == null ? ageSeconds
                : (latest.nanoTime() - first.nanoTime()) / NANOS_PER_SECOND;
        Map<Name, Long> names = all.stream().collect(Collectors.groupingBy(Name::of, Collectors.counting()));
        List<Shown> rows = new ArrayList<>();
        for (int i = 0; i < all.size(); i++) {
            if (filter.matches(all.get(i))) {
                rows.add(new Shown(showsAll() ? all.get(i) : interval.get(i),
                        seconds <= 0 ? 0 : interval.get(i).calls() / seconds,
                        names.getOrDefault(Name.of(all.get(i)), 1L) > 1));
            }
        }
        Comparator<Shown> order = Comparator.comparing(Shown::row, sort.order());
        rows.sort(isReversed ? order.reversed() : order);
        return rows;
    }
}
