package io.github.rseq4j.cli.sql;

import io.github.rseq4j.cli.io.InputException;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jline.reader.EndOfFileException;
import org.jline.reader.LineReader;
import org.jline.reader.LineReaderBuilder;
import org.jline.reader.UserInterruptException;
import org.jline.reader.impl.completer.StringsCompleter;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;

/** The prompt of a terminal: statements, which may have several lines, and commands, which begin with a dot. */
public final class SqlPrompt {
    private static final String PROMPT = "sql> ";
    private static final String MORE = "  -> ";
    private static final List<String> COMMANDS = List.of(".help", ".tables", ".list", ".show", ".query", ".format",
            ".quit");
    private static final List<String> WORDS = List.of("SELECT", "FROM", "WHERE", "GROUP BY", "ORDER BY", "LIMIT",
            "DESCRIBE", "SUMMARIZE", "events", "spans", "open_spans", "threads", "samples", "packets", "hosts");

    private final SqlSession session;
    private final PrintWriter out;

    /**
     * Creates a prompt.
     *
     * @param session runs the statements
     * @param out the output
     */
    public SqlPrompt(SqlSession session, PrintWriter out) {
        this.session = session;
        this.out = out;
    }

    /**
     * Reads and runs statements until the user ends the input. A statement that fails does not end it. Ctrl-C discards
     * the line that is written, or cancels the statement that runs.
     *
     * @throws IOException if there is no terminal, or the output is lost
     */
    public void run() throws IOException {
        try (Terminal terminal = TerminalBuilder.builder().system(true).dumb(true)
                // Asking the terminal would discard the keys that the user has pressed while the traces were loaded.
                .graphemeCluster(false).build()) {
            terminal.handle(Terminal.Signal.INT, _ -> session.cancel());
            LineReader reader = LineReaderBuilder.builder().terminal(terminal).appName("rseq4j")
                    .completer(new StringsCompleter(words()))
                    // A statement may have an exclamation mark or a backslash.
                    .option(LineReader.Option.DISABLE_EVENT_EXPANSION, true).build();
            out.println("Statements end with a semicolon. .help lists the commands.");
            out.flush();
            SqlScript script = new SqlScript();
            boolean isOn = true;
            while (isOn) {
                try {
                    isOn = take(reader.readLine(script.isOpen() ? MORE : PROMPT), script);
                } catch (UserInterruptException _) {
                    script.end();
                } catch (EndOfFileException _) {
                    session.run(script.end());
                    isOn = false;
                }
            }
        }
    }

    private static List<String> words() {
        List<String> words = new ArrayList<>(WORDS);
        words.addAll(COMMANDS);
        words.addAll(ReadyQueries.descriptions().keySet());
        return words;
    }

    /** Runs what a line completes; returns false if the line ends the session. */
    private boolean take(String line, SqlScript script) throws IOException {
        if (script.isOpen() || !line.strip().startsWith(".")) {
            session.run(script.add(line));
            return true;
        }
        String[] parts = line.strip().split("\\s+", 2);
        return command(parts[0].toLowerCase(Locale.ROOT), parts.length == 1 ? "" : parts[1]);
    }

    private boolean command(String name, String argument) throws IOException {
        try {
            switch (name) {
                case ".quit", ".exit" -> {
                    return false;
                }
                case ".tables" -> session.run(List.of("SELECT table_name AS name, string_agg(column_name, ', ' ORDER BY"
                        + " column_index) AS columns FROM duckdb_columns() WHERE schema_name = 'main' AND NOT internal"
                        + " GROUP BY table_name ORDER BY table_name"));
                case ".list" -> ReadyQueries.descriptions()
                        .forEach((query, about) -> out.println(query + ": " + about));
                case ".show" -> out.println(ReadyQueries.query("show", argument).strip());
                case ".query" -> session.run(List.of(ReadyQueries.query("query", argument)));
                case ".format" -> session.format(SqlFormat.valueOf(argument));
                default -> out.println("""
                        .tables         the tables and their columns
                        .list           the ready queries
                        .query NAME     runs a ready query
                        .show NAME      prints a ready query
                        .format FORMAT  table, csv or json
                        .quit           ends, as Ctrl-D does""");
            }
        } catch (InputException e) {
            out.println(e.getMessage());
        } catch (IllegalArgumentException _) {
            out.println("format=" + argument + ": must be table, csv or json");
        }
        out.flush();
        return true;
    }
}
