package io.github.rseq4j.cli.agent;

import io.github.rseq4j.agent.table.MethodRow;
import io.github.rseq4j.analysis.text.Printable;
import io.github.rseq4j.cli.agent.TopRows.Shown;
import io.github.rseq4j.cli.io.Table;
import java.lang.constant.MethodTypeDesc;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The table of methods as lines of text. */
final class TopText {
    private static final List<String> HEADINGS = List.of("CALLS/S", "CALLS", "TOTAL", "P50", "P99", "MAX", "METHOD");
    /** The least widths, so that columns do not move when values change. */
    private static final int[] WIDTHS = {11, 13, 8, 8, 8, 8, 0};
    private static final int METHOD = HEADINGS.size() - 1;
    private static final String NOTHING = "-";
    private static final String[] UNITS = {"ns", "us", "ms", "s"};
    private static final double STEP = 1000;
    private static final int LEAST_ROOM = 16;
    private static final String CUT = "..";

    private TopText() {}

    /**
     * Returns the headings, and a line for each method.
     *
     * @param rows the methods
     * @param columns the width of the terminal; longer names lose their beginning
     */
    static List<String> lines(List<Shown> rows, int columns) {
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
        return Table.lines(cut(cells, columns), WIDTHS.clone(), i -> i != METHOD);
    }

    private static List<List<String>> cut(List<List<String>> cells, int columns) {
        int used = 0;
        for (int column = 0; column < METHOD; column++) {
            int width = WIDTHS[column];
            for (List<String> row : cells) {
                width = Math.max(width, row.get(column).length());
            }
            used += width + 2;
        }
        int room = Math.max(LEAST_ROOM, columns - used);
        cells.replaceAll(row -> {
            String name = row.get(METHOD);
            List<String> shorter = new ArrayList<>(row);
            shorter.set(METHOD, name.length() <= room ? name : CUT + name.substring(name.length() - room
                    + CUT.length()));
            return shorter;
        });
        return cells;
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
