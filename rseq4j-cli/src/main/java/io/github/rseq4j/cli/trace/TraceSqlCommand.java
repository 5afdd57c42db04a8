package io.github.rseq4j.cli.trace;

import io.github.rseq4j.analysis.Trace;
import io.github.rseq4j.analysis.text.Printable;
import io.github.rseq4j.cli.io.ExitStatus;
import io.github.rseq4j.cli.io.InputException;
import io.github.rseq4j.cli.io.Progress;
import io.github.rseq4j.cli.io.Table;
import io.github.rseq4j.cli.sql.ReadyQueries;
import io.github.rseq4j.cli.sql.SqlFormat;
import io.github.rseq4j.cli.sql.SqlPrompt;
import io.github.rseq4j.cli.sql.SqlScript;
import io.github.rseq4j.cli.sql.SqlSession;
import io.github.rseq4j.cli.sql.TraceDatabase;
import io.github.rseq4j.cli.sql.TraceSource;
import io.github.rseq4j.trace.ctf.TracePacket;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.TimeZone;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code trace sql}: queries of SQL over traces. */
@Command(name = "sql", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Runs queries of SQL (DuckDB) over one or several traces.",
        footer = {"", "Tables: events, spans, open_spans, threads, samples, packets, hosts, and one for each event, "
            + "such as \"web:request_begin\". DESCRIBE events; prints the columns; docs/trace-sql.md explains them.",
            "Without SQL, statements are read from a prompt, or from the standard input if that is no terminal.",
            "The traces are loaded to a temporary database in $TMPDIR (default: /tmp), which is deleted at the end.",
            "Exit status: 0 all statements succeeded, 1 a statement failed, 4 something is wrong with a trace."})
final class TraceSqlCommand implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    @Parameters(arity = "0..*", paramLabel = "DIR|SQL",
            description = "The folders of the traces, and last the statements, separated by semicolons.")
    private List<String> words = List.of();

    @Option(names = "--format", paramLabel = "FORMAT",
            description = "The format of results: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
    private SqlFormat format = SqlFormat.table;

    @Option(names = "--query", paramLabel = "NAME", description = "Run a ready query. May be repeated.")
    private List<String> queries = List.of();

    @Option(names = "--list", description = "List the ready queries.")
    private boolean isList;

    @Option(names = "--show", paramLabel = "NAME", description = "Print the SQL of a ready query.")
    private @Nullable String shown;

    @Override
    public Integer call() throws IOException {
        CommandSpec command = Objects.requireNonNull(spec);
        PrintWriter out = command.commandLine().getOut();
        if (isList) {
            Table table = new Table("<<", "QUERY", "ANSWER");
            ReadyQueries.descriptions().forEach(table::row);
            table.print(out);
            return 0;
        }
        if (shown != null) {
            out.println(ReadyQueries.query("--show", shown).strip());
            return 0;
        }
        List<String> statements = new ArrayList<>();
        queries.forEach(name -> statements.add(ReadyQueries.query("--query", name)));
        List<Path> folders = new ArrayList<>();
        for (String word : words) {
            if (folders.size() == words.size() - 1 && !Files.isDirectory(Path.of(word)) && isSql(word)) {
                statements.addAll(SqlScript.split(word));
            } else {
                folders.add(folder(word, !folders.isEmpty() && folders.size() == words.size() - 1));
            }
        }
        if (folders.isEmpty()) {
            throw new ParameterException(command.commandLine(), "no DIR given: name the folder of a trace");
        }
        // JDBC's times have the zone of the JVM, which may skip an hour; those of a trace are UTC.
        TimeZone zone = TimeZone.getDefault();
        TimeZone.setDefault(TimeZone.getTimeZone("UTC"));
        try {
            return query(folders, statements, out, command.commandLine().getErr());
        } catch (SQLException e) {
            throw InputException.cannot("the traces cannot be loaded: " + Printable.text(String.valueOf(e.getMessage()))
                    + "; set TMPDIR to a folder with more room if the disk is full");
        } finally {
            TimeZone.setDefault(zone);
        }
    }

    /**
     * Returns the folder that a word names.
     *
     * @param word the word
     * @param isAfterFolders whether the word is in the place of the statements
     */
    private static Path folder(String word, boolean isAfterFolders) {
        Path path = Path.of(word);
        String name = Printable.name(word);
        if (Files.isRegularFile(path)) {
            throw new InputException("DIR=" + name + ": is not a folder but a file; statements in a file are run by"
                    + " `rseq4j trace sql DIR < " + name + "`");
        }
        if (isAfterFolders && !Files.exists(path) && !word.contains("/")) {
            throw new InputException("DIR|SQL=" + name + ": is not a folder, and a single word is not taken for SQL;"
                    + " end a statement with a semicolon (\"" + name + ";\"), or ask for a table by \"FROM events\"");
        }
        return path;
    }

    /** Tells whether a word that is no folder is meant as SQL: a name of a folder rarely has a blank. */
    private static boolean isSql(String word) {
        return word.chars().anyMatch(c -> Character.isWhitespace(c) || c == ';' || c == '(');
    }

    private int query(List<Path> folders, List<String> statements, PrintWriter out, PrintWriter err)
            throws IOException, SQLException {
        try (TraceDatabase database = new TraceDatabase()) {
            int damaged = 0;
            for (Path folder : folders) {
                if (damaged != ExitStatus.INTERRUPTED) {
                    damaged = Math.max(damaged, load(folder, database, err));
                }
            }
            database.complete();
            SqlSession session = new SqlSession(database, format, out, err);
            return run(session, statements, out) ? damaged : ExitStatus.BAD;
        }
    }

    /** Loads a trace until Ctrl-C, and returns the exit status of its problems. */
    private static int load(Path folder, TraceDatabase database, PrintWriter err) throws SQLException {
        Queue<TracePacket> packets = new ArrayDeque<>();
        try (TraceInput input = new TraceInput(folder, packets::add).stoppable()) {
            load(input, packets, null, database);
            return input.finish(err);
        }
    }

    /**
     * Loads a trace.
     *
     * @param input the trace
     * @param packets receives its packets
     * @param host the name of its host, or null for the name that the trace has
     * @param database the target
     */
    static void load(TraceInput input, Queue<TracePacket> packets, @Nullable String host, TraceDatabase database)
            throws SQLException {
        Trace trace = input.trace();
        if (trace != null) {
            try (Progress _ = input.progress()) {
                database.add(new TraceSource(input.folder(), trace, packets, input.state()), host);
            }
        }
    }

    private static boolean run(SqlSession session, List<String> statements, PrintWriter out) throws IOException {
        if (!statements.isEmpty()) {
            try {
                return session.run(statements);
            } catch (IOException _) {
                // Launch reports the lost output.
                return true;
            }
        }
        if (System.console() != null && System.console().isTerminal()) {
            new SqlPrompt(session, out).run();
            return true;
        }
        return session.run(new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8)));
    }
}
