package io.github.rseq4j.cli.io;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/** A table of text. A column is as wide as its widest cell; two blanks separate columns. */
public final class Table {
    private static final int GAP = 2;
    private static final char RIGHT = '>';

    private final String columns;
    private final List<List<String>> rows = new ArrayList<>();

    /**
     * Creates a table.
     *
     * @param columns one character for each column: {@code <} aligns it to the left, {@code >} to the right
     * @param headings the cells of the first row, or none
     */
    public Table(String columns, String... headings) {
        this.columns = columns;
        if (headings.length != 0) {
            row((Object[]) headings);
        }
    }

    /**
     * Adds a row.
     *
     * @param cells the cells, one for each column
     * @return this table
     */
    public Table row(@Nullable Object... cells) {
        if (cells.length != columns.length()) {
            throw new IllegalArgumentException("cells=" + cells.length + ", must be " + columns.length());
        }
        List<String> row = new ArrayList<>();
        for (@Nullable Object cell : cells) {
            row.add(String.valueOf(cell));
        }
        rows.add(row);
        return this;
    }

    /** Returns the number of rows, headings included. */
    public int rows() {
        return rows.size();
    }

    /**
     * Prints the table, without blanks at the ends of lines.
     *
     * @param out the target
     */
    public void print(PrintWriter out) {
        lines(rows, new int[columns.length()], i -> columns.charAt(i) == RIGHT).forEach(out::println);
    }

    /**
     * Returns rows as lines, without blanks at their ends.
     *
     * @param rows the cells of each row
     * @param widths the least width of each column; it becomes the width of the widest cell
     * @param isRight tells whether a column is aligned to the right
     */
    public static List<String> lines(List<List<String>> rows, int[] widths, IntPredicate isRight) {
        for (List<String> row : rows) {
            for (int i = 0; i < widths.length; i++) {
                widths[i] = Math.max(widths[i], row.get(i).length());
            }
        }
        List<String> lines = new ArrayList<>();
        for (List<String> row : rows) {
            StringBuilder line = new StringBuilder();
            for (int i = 0; i < widths.length; i++) {
                String padding = " ".repeat(widths[i] - row.get(i).length());
                line.append(" ".repeat(i == 0 ? 0 : GAP))
                        .append(isRight.test(i) ? padding + row.get(i) : row.get(i) + padding);
            }
            lines.add(line.toString().stripTrailing());
        }
        return lines;
    }
}
