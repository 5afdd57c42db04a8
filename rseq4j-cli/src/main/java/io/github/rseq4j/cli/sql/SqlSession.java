package io.github.rseq4j.cli.sql;

import io.github.rseq4j.analysis.text.Printable;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Runs statements, and prints their results and DuckDB's messages. */
public final class SqlSession {
    private static final String CANCELLED = "the statement was cancelled";

    private final TraceDatabase database;
    private final PrintWriter out;
    private final PrintWriter err;
    private SqlFormat format;
    private volatile @Nullable Statement running;
    private volatile boolean isCancelled;

    /**
     * Creates a session.
     *
     * @param database the database, complete
     * @param format the format of results
     * @param out the output
     * @param err the error output
     */
    public SqlSession(TraceDatabase database, SqlFormat format, PrintWriter out, PrintWriter err) {
        this.database = database;
        this.format = format;
        this.out = out;
        this.err = err;
    }

    /** Changes the format of the next results. */
    void format(SqlFormat next) {
        format = next;
    }

    /**
     * Runs statements one after the other, up to the first one that fails.
     *
     * @param statements the statements
     * @return true if all succeeded; if one failed, the error output has DuckDB's message
     * @throws IOException if the output is lost
     */
    public boolean run(List<String> statements) throws IOException {
        for (String each : statements) {
            if (!run(each)) {
                return false;
            }
        }
        return true;
    }

    private boolean run(String sql) throws IOException {
        isCancelled = false;
        try (Statement statement = database.statement()) {
            running = statement;
            if (statement.execute(sql)) {
                try (ResultSet rows = statement.getResultSet()) {
                    format.print(rows, out, () -> isCancelled);
                }
            }
            return true;
        } catch (SQLException e) {
            out.flush();
            String message = isCancelled ? CANCELLED : database.message(sql, e);
            message.lines().filter(line -> !line.isBlank())
                    .forEach(line -> err.println("rseq4j: " + Printable.text(line)));
            err.flush();
            return false;
        } finally {
            running = null;
        }
    }

    /** Cancels the statement that runs, from another thread. */
    void cancel() {
        Statement statement = running;
        if (statement != null) {
            // DuckDB does not cancel a statement whose rows are being read.
            isCancelled = true;
            try {
                statement.cancel();
            } catch (SQLException _) {
                // The statement has ended meanwhile.
                return;
            }
        }
    }

    /**
     * Runs the statements of a text, up to the first one that fails. A statement is run when its semicolon was read.
     *
     * @param text the text
     * @return true if all succeeded
     * @throws IOException if the text cannot be read, or the output is lost
     */
    public boolean run(BufferedReader text) throws IOException {
        SqlScript script = new SqlScript();
        for (String line = text.readLine(); line != null; line = text.readLine()) {
            if (!run(script.add(line))) {
                return false;
            }
        }
        return run(script.end());
    }
}
