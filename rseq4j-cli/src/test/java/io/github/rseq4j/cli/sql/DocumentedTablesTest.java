package io.github.rseq4j.cli.sql;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** docs/trace-sql.md names each table, each column and each ready query. */
class DocumentedTablesTest {
    private static final Path ROOT = Path.of(Objects.requireNonNull(System.getProperty("rseq4j.root")));

    @Test
    void documentsEachColumnOfEachTableAndEachQuery() throws Exception {
        String page = Files.readString(ROOT.resolve("docs/trace-sql.md"));
        List<String> missing = new ArrayList<>();
        int columns = 0;
        try (TraceDatabase database = new TraceDatabase()) {
            database.complete();
            try (Statement statement = database.statement();
                    ResultSet rows = statement.executeQuery("SELECT table_name,"
                    + " column_name FROM duckdb_columns() WHERE schema_name = 'main' AND NOT internal")) {
                while (rows.next()) {
                    columns++;
                    String table = rows.getString(1);
                    int start = page.indexOf("\n### " + table + "\n");
                    int end = start < 0 ? -1 : page.indexOf("\n#", start + 1);
                    String section = start < 0 ? "" : page.substring(start, end < 0 ? page.length() : end);
                    if (!section.contains('`' + rows.getString(2) + '`')) {
                        missing.add(table + '.' + rows.getString(2));
                    }
                }
            }
        }
        assertEquals(List.of(), missing);
        assertTrue(columns > 80, columns + " columns");
        for (String query : ReadyQueries.descriptions().keySet()) {
            assertTrue(page.contains('`' + query + '`'), query);
        }
    }
}
