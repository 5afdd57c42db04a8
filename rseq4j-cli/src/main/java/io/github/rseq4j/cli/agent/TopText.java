package io.github.rseq4j.cli.agent;

import io.github.rseq4j.agent.table.MethodRow;
import io.github.rseq4j.analysis.text.Printable;
import io.github.rseq4j.cli.agent.TopRows.Shown;
import io.github.rseq4j.cli.io.Table;
import java.lang.constant.MethodTypeDesc;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/** The table of methods as lines of text. */
final class TopText {
    private static final List<String> HEADINGS = List.of("CALLS/S", "CALLS", "TOTAL", "P50", "P99", "MAX", "METHOD");
    /** The least widths, so that columns do not move when values change. */
    private static final int[] WIDTHS = {11, 13, 8, 8, 8, 8, 0};
    private static final int METHOD = HEADINGS.size() - 1;
    /** The columns that a narrow terminal does without, the first of these first. */
    private static final List<Integer> DROPPED = List.of(1, 5, 3, 4, 0, 2);
    /** Columns are dropped until names have this room. */
    private static final int WANTED_ROOM = 30;
    private static final String NOTHING = "-";
    private static final String[] UNITS = {"ns", "us", "ms", "s"};
    private static final double STEP = 1000;
    private static final int LEAST_ROOM = 16;
    private static final String CUT = "..";
    private static final int GAP = 2;

    private TopText() {}

    /**
     * Returns the headings, and a line for each method.
     *
     * @param rows the methods
     * @param columns the width of the terminal; a narrow one has fewer columns, and longer names lose their beginning
     * @param sort the column by which the methods are sorted, which is always there
     */
    static List<String> lines(List<Shown> rows, int columns, MethodSort sort) {
        List<List<String>> cells = new ArrayList<>();
        cells.add(HEADINGS);
        for (Shown shown : rows) {
            MethodRow row = shown.row();
            boolean isTimed = row.totalNanos() != 0 || row.maxNanos() != 0;
            String name = row.className() + "::" + row.method();
            cells.add(List.of(rate(shown.perSecond()), String.format(Locale.ROOT, "%,d", row.calls()),
                    isTimed ? nanos(row.totalNanos()) : NOTHING, isTimed ? nanos(row.p50Nanos()) : NOTHING,
                    isTimed ? nanos(row.p99Nanos()) : NOTHING, isTimed ? nanos(row.maxNanos()) : NOTHING,
                    Printable.text(shown.isOverloaded() ? name + signature(row.descriptor()) : name)));
        }
        int[] widths = widths(cells);
        List<Integer> kept = kept(widths, columns, HEADINGS.indexOf(sort.name().toUpperCase(Locale.ROOT)));
        int room = Math.max(LEAST_ROOM, columns - used(kept, widths));
        List<List<String>> shown = cells.stream().map(row -> kept.stream().map(column -> column == METHOD
                ? cut(row.get(METHOD), room) : row.get(column)).toList()).toList();
        return Table.lines(shown, kept.stream().mapToInt(column -> WIDTHS[column]).toArray(),
                i -> kept.get(i) != METHOD);
    }

    private static int[] widths(List<List<String>> cells) {
        int[] widths = WIDTHS.clone();
        cells.forEach(row -> Arrays.setAll(widths, i -> Math.max(widths[i], row.get(i).length())));
        return widths;
    }

    /** Returns the columns that leave room for names. */
    private static List<Integer> kept(int[] widths, int columns, int sorted) {
        List<Integer> kept = new ArrayList<>(IntStream.rangeClosed(0, METHOD).boxed().toList());
        for (Integer column : DROPPED) {
            if (columns - used(kept, widths) < WANTED_ROOM && column != sorted) {
                kept.removeIf(column::equals);
            }
        }
        return kept;
    }

    /** Returns the characters that columns take, without the names. */
    private static int used(List<Integer> kept, int[] widths) {
        return kept.stream().filter(column -> column != METHOD).mapToInt(column -> widths[column] + GAP).sum();
    }

    private static String cut(String name, int room) {
        return name.length() <= room ? name : CUT + name.substring(name.length() - room + CUT.length());
    }

    private static String signature(String descriptor) {
        try {
            String all = MethodTypeDesc.ofDescriptor(descriptor).displayDescriptor();
            return all.substring(0, all.indexOf(')') + 1);
        } catch (IllegalArgumentException _) {
            return descriptor;
        }
    }

    private static String rate(double perSecond) {
        return perSecond == 0 ? "0" : String.format(Locale.ROOT, perSecond < 10 ? "%.2f" : "%,.0f", perSecond);
    }

    /** Returns a duration with three digits and a unit. */
    static String nanos(long nanos) {
        double value = nanos;
        int unit = 0;
        while (unit < UNITS.length - 1 && value >= STEP - 0.5) {
            value /= STEP;
            unit++;
        }
        String form = unit == 0 || value >= 99.95 ? "%,.0f %s" : value >= 9.995 ? "%.1f %s" : "%.2f %s";
        return String.format(Locale.ROOT, form, value, UNITS[unit]);
    }

    /** Returns seconds with a digit after the point. */
    static String seconds(double seconds) {
        return String.format(Locale.ROOT, "%.1f", seconds);
    }

    /** Returns a period of hours, minutes and seconds. */
    static String period(Duration period) {
        return String.format(Locale.ROOT, "%d:%02d:%02d", period.toHours(), period.toMinutesPart(),
                period.toSecondsPart());
    }
}
