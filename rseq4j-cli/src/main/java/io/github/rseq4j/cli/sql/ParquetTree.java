package io.github.rseq4j.cli.sql;

import io.github.rseq4j.analysis.text.Printable;
import io.github.rseq4j.cli.io.InputException;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.SecureRandom;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A folder of Parquet files with the traces of many hosts. Used by one thread; several processes may add runs. */
public final class ParquetTree {
    /* How it works
     *
     * DuckDB writes the files of a run to a folder in the tree whose name begins with a dot, so that readers leave it
     * out. When all files are complete, they are renamed into their places. The name of a file begins with the run, so
     * two hosts never write one file. The file of the table "hosts" is renamed last: a run is complete if its host has
     * it there. If the run was in the tree before, its other files are deleted then.
     *
     * Spark does not read times in nanoseconds. So the columns of type TIMESTAMP_NS become TIMESTAMP, in microseconds,
     * and each has a column with the nanoseconds beside it.
     */
    private static final String TYPED = "typed";
    private static final String HOSTS = "hosts";
    /** The tables, the column of each that has the date, and the last columns by which its files are partitioned. */
    private static final Map<String, String> TABLES = tables();

    private final Path root;

    /**
     * Names a tree.
     *
     * @param root its folder: it does not exist, is empty, or is a tree
     * @throws InputException if the folder has other files
     */
    public ParquetTree(Path root) {
        this.root = root;
        Set<String> known = new HashSet<>(TABLES.keySet());
        known.add(TYPED);
        try {
            Files.createDirectories(root);
            try (DirectoryStream<Path> entries = Files.newDirectoryStream(root)) {
                for (Path each : entries) {
                    String name = String.valueOf(each.getFileName());
                    if (!known.contains(name) && !name.startsWith(".")) {
                        throw refusal("has " + Printable.name(name) + ", so it is no tree of this command; give"
                                + " an empty folder, or the tree to which this host is added");
                    }
                }
            }
        } catch (IOException e) {
            throw InputException.cannot("--output=" + Printable.name(root.toString()) + ": cannot be used: " + e);
        }
    }

    private static Map<String, String> tables() {
        Map<String, String> tables = new LinkedHashMap<>();
        tables.put("events", "time");
        tables.put("spans", "begin_time");
        tables.put("open_spans", "begin_time");
        tables.put("threads", "first_time");
        tables.put("samples", "time");
        tables.put("packets", "begin_time");
        tables.put(HOSTS, "first_time");
        return tables;
    }

    private InputException refusal(String why) {
        return new InputException("--output=" + Printable.name(root.toString()) + ": " + why);
    }

    /**
     * Adds the traces of a database.
     *
     * @param database the database, with one trace
     * @param run the run of the trace
     * @return the number of files that were added
     * @throws IOException if a file cannot be renamed
     * @throws SQLException if DuckDB cannot write a file
     */
    public long add(TraceDatabase database, String run) throws IOException, SQLException {
        byte[] random = new byte[8];
        new SecureRandom().nextBytes(random);
        try (TemporaryFolder temporary = TemporaryFolder.of(root.resolve(".rseq4j-" + HexFormat.of().formatHex(random)
                + ".tmp"))) {
            Path staging = temporary.path();
            for (Map.Entry<String, String> each : TABLES.entrySet()) {
                write(database, SqlNames.identifier(each.getKey()), each.getValue(), null,
                        staging.resolve(each.getKey()), run);
            }
            for (Map.Entry<String, String> each : database.typed().entrySet()) {
                write(database, '(' + each.getValue() + ')', "time", each.getKey(), staging.resolve(TYPED), run);
            }
            return publish(staging, run);
        }
    }

    private static void write(TraceDatabase database, String table, String time, @Nullable String event, Path folder,
            String run) throws SQLException {
        StringBuilder columns = new StringBuilder();
        boolean hasProvider = event != null;
        try (Statement statement = database.statement()) {
            Set<String> names = new HashSet<>();
            List<String[]> described = new ArrayList<>();
            try (ResultSet rows = statement.executeQuery("DESCRIBE SELECT * FROM " + table)) {
                while (rows.next()) {
                    // The column "event" of a tree has the name without the provider.
                    if (event == null || !rows.getString(1).equals("event")) {
                        names.add(rows.getString(1));
                        described.add(new String[] {rows.getString(1), rows.getString(2)});
                    }
                }
            }
            hasProvider |= names.contains("provider");
            for (String[] each : described) {
                columns.append(columns.isEmpty() ? "" : ", ").append(column(each[0], each[1], names));
            }
            columns.append(", coalesce(").append(time).append("::DATE, DATE '1970-01-01') AS date");
            if (event != null) {
                int colon = event.indexOf(':');
                columns.append(", ").append(SqlNames.literal(event.substring(0, colon))).append(" AS provider, ")
                        .append(SqlNames.literal(event.substring(colon + 1))).append(" AS event");
            }
            statement.execute("COPY (SELECT " + columns + " FROM " + table + " ORDER BY " + time
                    + ") TO " + SqlNames.literal(folder.toString()) + " (FORMAT parquet, COMPRESSION zstd, PARTITION_BY"
                    + " (host, date" + (hasProvider ? ", provider" : "") + (event != null ? ", event" : "")
                    + "), WRITE_PARTITION_COLUMNS true, OVERWRITE_OR_IGNORE true, FILENAME_PATTERN "
                    + SqlNames.literal(run + "-{i}") + ")");
        }
    }

    /** Returns the expression of a column: of types that Spark reads. */
    private static String column(String name, String type, Set<String> names) {
        String quoted = SqlNames.identifier(name);
        if (type.equals("JSON")) {
            return quoted + "::VARCHAR AS " + quoted;
        }
        if (!type.equals("TIMESTAMP_NS")) {
            return quoted;
        }
        String nanos = (name.endsWith("time") ? name.substring(0, name.length() - "time".length()) : name + "_") + "ns";
        return quoted + "::TIMESTAMP AS " + quoted + (names.contains(nanos) ? ""
                : ", epoch_ns(" + quoted + ") AS " + SqlNames.identifier(nanos));
    }

    private long publish(Path staging, String run) throws IOException {
        List<Path> files = files(staging);
        Path last = staging.resolve(HOSTS);
        files.sort((a, b) -> Boolean.compare(a.startsWith(last), b.startsWith(last)));
        Set<Path> added = new HashSet<>();
        for (Path each : files) {
            Path target = root.resolve(staging.relativize(each).toString());
            Files.createDirectories(target.getParent());
            Files.move(each, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            added.add(target);
        }
        for (String table : Stream.concat(TABLES.keySet().stream(), Stream.of(TYPED)).toList()) {
            for (Path each : files(root.resolve(table))) {
                if (String.valueOf(each.getFileName()).startsWith(run + "-") && !added.contains(each)) {
                    Files.delete(each);
                }
            }
        }
        return added.size();
    }

    private static List<Path> files(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            return new ArrayList<>();
        }
        try (Stream<Path> all = Files.walk(folder)) {
            return new ArrayList<>(all.filter(Files::isRegularFile).toList());
        }
    }
}
