package io.github.rseq4j.cli.sql;

import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.stream.Collectors;
import org.duckdb.DuckDBConnection;
import org.jspecify.annotations.Nullable;

/**
 * Traces as tables of DuckDB, for queries of SQL. docs/tracing.md describes the tables. Used by one thread.
 */
public final class TraceDatabase implements AutoCloseable {
    /* How it works
     *
     * The database is a file in a folder of its own, which only the user can open, below $TMPDIR or java.io.tmpdir. So
     * the memory does not grow with the traces: DuckDB gets a quarter of the machine's memory at most, and writes the
     * rest to this folder.
     *
     * All rows are added in one transaction, which needs no log of the rows.
     *
     * DuckDB neither downloads nor loads extensions by itself, so a query reads nothing from the network. A query may
     * read and write the files that the user may read and write, as it may in DuckDB's own shell.
     */
    private static final String MEMORY = "25%";
    private static final String NO_RESULT = "Invalid result set";

    private final TemporaryFolder folder;
    private final DuckDBConnection connection;
    private final EventTables events;
    private final TraceLoader loader;
    /** The host and the run of each trace. */
    private final List<String> hosts = new ArrayList<>();
    private final List<String> runs = new ArrayList<>();
    private final SqlNames runNames;

    /**
     * Creates a database without traces.
     *
     * @throws IOException if the temporary folder cannot be created
     * @throws SQLException if DuckDB refuses
     */
    public TraceDatabase() throws IOException, SQLException {
        this(new SqlNames());
    }

    /**
     * Creates a database without traces.
     *
     * @param runNames the names of the runs that the user has given so far, also in other databases
     */
    public TraceDatabase(SqlNames runNames) throws IOException, SQLException {
        this.runNames = runNames;
        this.folder = TemporaryFolder.create("rseq4j-sql-");
        try {
            this.connection = connect(folder.path());
            this.events = new EventTables(connection);
            execute(SqlScript.resource("base.sql"));
            this.loader = new TraceLoader(connection, events);
        } catch (SQLException | RuntimeException e) {
            folder.close();
            throw e;
        }
    }

    private static DuckDBConnection connect(Path folder) throws SQLException {
        Properties properties = new Properties();
        properties.setProperty("autoinstall_known_extensions", "false");
        properties.setProperty("autoload_known_extensions", "false");
        properties.setProperty("allow_community_extensions", "false");
        properties.setProperty("extension_directory", folder.resolve("extensions").toString());
        properties.setProperty("temp_directory", folder.resolve("spill").toString());
        properties.setProperty("jdbc_stream_results", "true");
        Connection made = DriverManager.getConnection("jdbc:duckdb:" + folder.resolve("traces.duckdb"), properties);
        try (Statement statement = made.createStatement()) {
            statement.execute("SET memory_limit = '" + MEMORY + "'");
            statement.execute("SET TimeZone = 'UTC'");
        }
        return made.unwrap(DuckDBConnection.class);
    }

    /**
     * Adds the events of a trace that are not read yet.
     *
     * @param source the trace
     * @param host the name of the host, or null for the name that the trace has
     * @throws SQLException if DuckDB refuses, for example because the disk is full
     */
    public void add(TraceSource source, @Nullable String host) throws SQLException {
        String name = host != null ? host : String.valueOf(
                source.trace().description().environment().getOrDefault("hostname", "unknown"));
        hosts.add(name);
        // Two folders can hold the same run: snapshots of one tracer.
        runs.add(runNames.take(source.trace().description().uuid().toString()));
        connection.setAutoCommit(false);
        loader.load(source, hosts.size(), name, runs.getLast());
        connection.commit();
        connection.setAutoCommit(true);
    }

    /**
     * Creates the tables and views for queries. No trace can be added afterwards.
     *
     * @throws SQLException if DuckDB refuses
     */
    public void complete() throws SQLException {
        loader.close();
        events.placeInSpans();
        String host = element(hosts);
        String run = element(runs);
        events.createViews(host + " AS host, " + run + " AS run");
        execute(SqlScript.resource("views.sql").replace("{host}", host).replace("{run}", run));
    }

    /** Returns the expression of the text that belongs to a trace. */
    private static String element(List<String> texts) {
        return texts.stream().distinct().count() <= 1 ? SqlNames.literal(texts.isEmpty() ? "" : texts.getFirst())
                : texts.stream().map(SqlNames::literal).collect(Collectors.joining(", ", "([", "])[trace]"));
    }

    private void execute(String script) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            for (String each : SqlScript.split(script)) {
                statement.execute(each);
            }
        }
    }

    /** Returns the query of the rows of each event, with its typed columns, by the event's name. */
    Map<String, String> typed() {
        return events.typed();
    }

    /** Tells whether no trace was added. */
    public boolean isEmpty() {
        return runs.isEmpty();
    }

    /** Returns the name of the run that was added last. */
    public String run() {
        return runs.getLast();
    }

    /**
     * Creates a statement.
     *
     * @return the statement; the caller must close it
     * @throws SQLException if the database is closed
     */
    public Statement statement() throws SQLException {
        return connection.createStatement();
    }

    /**
     * Returns DuckDB's message for a statement that failed. Where a streamed result fails before its first row, the
     * driver says only that the result is invalid; then the statement fills a table, which fails with the message.
     *
     * @param sql the statement, without a semicolon
     * @param failure its failure
     */
    String message(String sql, SQLException failure) {
        String message = String.valueOf(failure.getMessage());
        if (!message.contains(NO_RESULT)) {
            return message;
        }
        try (Statement statement = connection.createStatement()) {
            statement.execute("CREATE TEMP TABLE failed_statement AS\n" + sql);
            statement.execute("DROP TABLE failed_statement");
            return message;
        } catch (SQLException e) {
            return String.valueOf(e.getMessage()).replace("LINE 2:", "LINE 1:");
        }
    }

    /** Closes the database and deletes its files. */
    @Override
    public void close() throws SQLException {
        try {
            connection.close();
        } finally {
            folder.close();
        }
    }
}
