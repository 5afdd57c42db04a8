package io.github.rseq4j.cli.sql;

import io.github.rseq4j.analysis.text.Json;
import io.github.rseq4j.analysis.text.Printable;
import io.github.rseq4j.cli.io.OutputWriter;
import io.github.rseq4j.cli.io.Table;
import java.io.IOException;
import java.io.PrintWriter;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** The formats of a result. Each prints the rows as they come, so that a result of any size takes bounded memory. */
public enum SqlFormat {
    /** Columns of text, for people. Long values are cut. */
    table {
        @Override
        void print(SqlResult result, OutputWriter out) throws SQLException, IOException {
            List<List<String>> block = new ArrayList<>();
            block.add(result.names());
            int[] widths = new int[result.names().size()];
            long count = 0;
            try {
                for (List<@Nullable Object> row = result.next(); row != null; row = result.next()) {
                    count++;
                    block.add(row.stream().map(this::cell).toList());
                    if (block.size() == BLOCK_ROWS) {
                        print(block, widths, result, out);
                    }
                }
            } finally {
                // A statement that fails has returned the rows before.
                print(block, widths, result, out);
            }
            out.write("(" + count + (count == 1 ? " row)" : " rows)") + System.lineSeparator());
        }

        private String cell(@Nullable Object value) {
            return NULL.equals(value) ? "'NULL'" : Printable.cut(text(value, NULL), MAX_CELL_CHARS);
        }

        private void print(List<List<String>> block, int[] widths, SqlResult result, OutputWriter out)
                throws IOException {
            List<List<String>> cells = block.stream().map(row -> row.stream().map(Printable::text).toList()).toList();
            for (String line : Table.lines(cells, widths, result::isNumber)) {
                out.write(line + System.lineSeparator());
            }
            block.clear();
        }
    },

    /** RFC 4180, with a line of names. Null is empty, an empty text is a pair of quotation marks. */
    csv {
        @Override
        void print(SqlResult result, OutputWriter out) throws SQLException, IOException {
            line(result.names(), out);
            for (List<@Nullable Object> row = result.next(); row != null; row = result.next()) {
                line(row, out);
            }
        }

        private void line(List<? extends @Nullable Object> row, OutputWriter out) throws IOException {
            for (int i = 0; i < row.size(); i++) {
                Object value = row.get(i);
                out.write(i == 0 ? "" : ",");
                out.write(value == null ? "" : quoted(text(value, "")));
            }
            out.write("\r\n");
        }

        private String quoted(String text) {
            return text.isEmpty() || text.chars().anyMatch(c -> c == ',' || c == '"' || c == '\r' || c == '\n')
                    ? '"' + text.replace("\"", "\"\"") + '"' : text;
        }
    },

    /** An array of objects, one a line. A text can hold any character; infinities and NaN are texts. */
    json {
        @Override
        void print(SqlResult result, OutputWriter out) throws SQLException, IOException {
            String separator = "[";
            try {
                for (List<@Nullable Object> row = result.next(); row != null; row = result.next()) {
                    out.write(separator);
                    Json object = Json.compact(out);
                    object.beginObject();
                    for (int i = 0; i < row.size(); i++) {
                        object.entry(result.names().get(i), row.get(i));
                    }
                    object.endObject();
                    separator = "," + System.lineSeparator();
                }
            } finally {
                // The rows before a failure are an array too.
                out.write((separator.equals("[") ? "[" : "") + "]" + System.lineSeparator());
            }
        }
    };

    private static final String NULL = "NULL";
    private static final int BLOCK_ROWS = 1000;
    private static final int MAX_CELL_CHARS = 300;

    abstract void print(SqlResult result, OutputWriter out) throws SQLException, IOException;

    /**
     * Prints the rows of a query.
     *
     * @param rows the rows, which are read to their end
     * @param out the output
     * @param isCancelled tells whether the user has cancelled the query
     * @throws SQLException if DuckDB cannot compute a row, or the query was cancelled
     * @throws IOException if the output is lost
     */
    void print(ResultSet rows, PrintWriter out, BooleanSupplier isCancelled) throws SQLException, IOException {
        print(new SqlResult(rows, isCancelled), this == json ? OutputWriter.json(out) : OutputWriter.text(out));
        out.flush();
    }

    /** Returns a value as text: lists and structures as JSON. */
    static String text(@Nullable Object value, String ofNull) {
        if (value instanceof List<?> || value instanceof Map<?, ?>) {
            return Json.text(value);
        }
        return Objects.toString(value, ofNull);
    }
}
