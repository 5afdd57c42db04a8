package io.github.rseq4j.cli.sql;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.cli.Terminal;
import io.github.rseq4j.cli.trace.SampleTrace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The prompt of {@code trace sql}, by the keys that a user presses. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class SqlPromptTest {
    private static final String INTERRUPT = "\u0003";
    private static final String END = "\u0004";
    private static final String UP = "\u001bOA";
    private static final String ENTER = "\r";
    private static final String PROMPT = "sql> ";
    private static final String MORE = "  -> ";

    @TempDir
    private Path folder = Path.of("");

    private Path temporary() {
        return folder.resolve("temporary");
    }

    /** Starts the prompt of a trace of one request. */
    private Terminal started() throws IOException, InterruptedException {
        Files.createDirectories(temporary());
        Terminal terminal = new Terminal(temporary(), "trace", "sql",
                SampleTrace.write(folder.resolve("trace"), 1).toString());
        terminal.await("Statements end with a semicolon. .help lists the commands.");
        terminal.await(PROMPT);
        return terminal;
    }

    /** Types a line, and returns the output up to the next prompt. */
    private static String answer(Terminal terminal, String line) throws IOException, InterruptedException {
        terminal.type(line + ENTER);
        return terminal.await(PROMPT);
    }

    private static void requireMatch(String pattern, String answer) {
        assertTrue(Pattern.compile(pattern, Pattern.DOTALL).matcher(answer).find(), answer);
    }

    /** Ends the prompt, which leaves no file. */
    private void end(Terminal terminal, String keys) throws IOException, InterruptedException {
        terminal.type(keys);
        assertEquals(0, terminal.exit());
        try (Stream<Path> left = Files.list(temporary())) {
            assertEquals(List.of(), left.filter(each -> each.getFileName().toString().startsWith("rseq4j-")).toList());
        }
    }

    @Test
    void runsStatementsOfSeveralLinesAndRepeatsThem() throws Exception {
        try (Terminal terminal = started()) {
            terminal.type("SELECT 40 +" + ENTER);
            terminal.await(MORE);
            requireMatch("n\\s+42\\s+\\(1 row\\).*two!.*\\(1 row\\)",
                    answer(terminal, "2 AS n; SELECT 'two!' AS text;"));
            requireMatch("Referenced column \"nothing\" was not found", answer(terminal, "SELECT nothing;"));
            requireMatch("\\b42\\b", answer(terminal, "SELECT 6 * 7 AS product;"));
            requireMatch("SELECT 6 .*\\b42\\b", answer(terminal, UP));
            requireMatch("\"nothing\" was not found", answer(terminal, UP + UP));
            terminal.type("SELECT 7 AS" + ENTER);
            terminal.await(MORE);
            terminal.type("seven" + ENTER);
            terminal.await(MORE);
            // The end of the input ends the statement too.
            terminal.type(END);
            assertTrue(terminal.await("(1 row)").matches("(?s).*seven\\s+7\\s+"));
            end(terminal, "");
        }
    }

    @Test
    void commandsBeginWithADot() throws Exception {
        try (Terminal terminal = started()) {
            assertTrue(answer(terminal, ".help").contains(".query NAME     runs a ready query"));
            assertTrue(answer(terminal, ".list").contains("unfinished: "));
            assertTrue(answer(terminal, ".format xml").contains("format=xml: must be table, csv or json"));
            answer(terminal, ".format json");
            assertTrue(answer(terminal, ".tables").contains("{\"name\":\"web:request_begin\",\"columns\":\"host,"));
            assertTrue(answer(terminal, ".query discarded").contains("\"ring_set\":0,"));
            assertTrue(answer(terminal, ".query none").contains("query=none: is unknown, must be one of slowest, "));
            assertTrue(answer(terminal, ".show threads").contains("FROM threads"));
            answer(terminal, ".FORMAT csv");
            assertTrue(answer(terminal, "SELECT 1 AS a, 2 AS b;").replace("\r", "").contains("a,b\n1,2\n"));
            end(terminal, ".quit" + ENTER);
        }
    }

    @Test
    void interruptCancelsAStatementAndDiscardsALine() throws Exception {
        try (Terminal terminal = started()) {
            answer(terminal, ".format json");
            terminal.type("SELECT range AS n FROM range(1000000000000);" + ENTER);
            terminal.await("{\"n\":5000}");
            terminal.type(INTERRUPT);
            assertTrue(terminal.await("the statement was cancelled").contains("}]"), "the array is complete");
            terminal.await(PROMPT);
            // A statement without a row for long. The key may be too early.
            terminal.type("SELECT sum(a.range % (b.range + 1)) FROM range(10000000) a, range(10000000) b;" + ENTER);
            do {
                terminal.type(INTERRUPT);
                Thread.sleep(200);
            } while (!terminal.has("the statement was cancelled"));
            // Further keys may have made further prompts.
            terminal.type("SELECT 'next' AS line;" + ENTER);
            terminal.await("[{\"line\":\"next\"}]");
            terminal.await(PROMPT);
            terminal.type("SELECT nonsense" + ENTER);
            terminal.await(MORE);
            terminal.type(INTERRUPT);
            terminal.await(PROMPT);
            terminal.type("SELECT 'fresh' AS line;" + ENTER);
            String before = terminal.await("[{\"line\":\"fresh\"}]");
            assertFalse(before.contains("rseq4j:"), before);
            terminal.await(PROMPT);
            end(terminal, END);
        }
    }
}
