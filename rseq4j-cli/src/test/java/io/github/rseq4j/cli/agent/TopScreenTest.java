package io.github.rseq4j.cli.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.agent.table.MethodTableReader;
import io.github.rseq4j.agent.table.TableException;
import java.io.IOException;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import org.jline.terminal.Attributes;
import org.jline.terminal.Size;
import org.jline.terminal.Terminal;
import org.jline.terminal.impl.ExternalTerminal;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Keys and sizes of a terminal change what it shows. */
@Timeout(120)
final class TopScreenTest {
    private static final int HEIGHT = 20;
    private static final long PATIENCE_NANOS = 30_000_000_000L;

    private final ScreenOutput screen = new ScreenOutput();
    private final PipedOutputStream keyboard = new PipedOutputStream();
    private TopTarget target;
    private MethodTableReader reader;
    private Terminal terminal;
    private Attributes before;
    private FutureTask<Boolean> command;

    @BeforeEach
    void start() throws IOException, TableException {
        target = TopTarget.start();
        reader = MethodTableReader.open(Long.parseLong(target.pid()));
        terminal = new ExternalTerminal("test", "xterm", new PipedInputStream(keyboard), screen,
                StandardCharsets.UTF_8);
        resize(100, HEIGHT);
        before = terminal.getAttributes();
        TopRows rows = new TopRows(reader, MethodSort.total, MethodFilter.ALL, true);
        command = new FutureTask<>(() -> {
            new TopScreen(terminal, Long.parseLong(target.pid()), rows, 50_000_000).run();
            return true;
        });
        Thread.ofPlatform().daemon().start(command);
        await(lines -> lines.size() == HEIGHT);
    }

    @AfterEach
    void end() throws IOException, InterruptedException, ExecutionException {
        command.cancel(true);
        terminal.close();
        reader.close();
        target.close();
    }

    private void resize(int columns, int rows) {
        screen.columns(columns == 0 ? 80 : columns);
        terminal.setSize(Size.of(columns, rows));
    }

    /** Waits until the screen is as expected. */
    private void await(Predicate<List<String>> expected) {
        List<String> lines = screen.lines();
        long end = System.nanoTime() + PATIENCE_NANOS;
        while (!expected.test(lines)) {
            if (command.isDone() || System.nanoTime() - end > 0) {
                throw new AssertionError(command.state() + ":\n" + String.join("\n", lines));
            }
            LockSupport.parkNanos(5_000_000);
            lines = screen.lines();
        }
    }

    private void press(String keys) throws IOException {
        keyboard.write(keys.getBytes(StandardCharsets.UTF_8));
        keyboard.flush();
    }

    private void awaitOrder(String header, String... names) {
        await(lines -> {
            boolean isThere = lines.size() > 2 + names.length && lines.getFirst().contains(header);
            for (int i = 0; isThere && i < names.length; i++) {
                isThere = lines.get(2 + i).endsWith(names[i]);
            }
            return isThere;
        });
    }

    @Test
    void sortsByEachColumn() throws IOException {
        press("m");
        awaitOrder("by max", "Timed::parse(int)", "Timed::<init>");
        press("r");
        awaitOrder("by max, reversed", "Counted::method0", "Counted::method1");
        press("5");
        awaitOrder("by p50", "Timed::parse(int)");
        press("9");
        awaitOrder("by p99", "Timed::parse(int)");
        press("c");
        await(lines -> lines.getFirst().contains("by calls") && lines.get(3).contains("::"));
        press("t");
        await(lines -> lines.getFirst().endsWith("by total"));
    }

    @Test
    void filtersAsTheUserWrites() throws IOException {
        press("/parsX\177e");
        await(lines -> lines.getLast().equals("filter: parse_"));
        press("\r");
        await(lines -> lines.getFirst().contains("filter parse") && lines.get(2).contains("Timed::parse")
                && lines.get(3).contains("Timed::parse") && lines.get(4).isEmpty());
        press("/\025*::<in?t>\r");
        await(lines -> lines.getFirst().contains("filter *::<in?t>") && lines.get(2).contains("Timed::<init>")
                && lines.get(3).isEmpty());
        press("/zzz\033");
        await(lines -> lines.getFirst().contains("filter *::<in?t>") && lines.getLast().startsWith("c calls"));
        press("/\025q\u00E4\r");
        await(lines -> lines.getLast().startsWith("no method matches"));
    }

    @Test
    void showsTheIntervalOrAll() throws IOException {
        await(lines -> lines.getFirst().contains("since attach, 0:00:"));
        press("a");
        await(lines -> lines.getFirst().contains("last ") && lines.get(2).endsWith("com.acme.Ticker::tick")
                && lines.get(3).matches(" +0 +0 +- +- +- +-  com.acme.Counted::method0"));
        press("a");
        await(lines -> lines.getFirst().contains("since attach, 0:00:"));
    }

    @Test
    void pausesAndContinues() throws IOException, InterruptedException {
        press("c");
        press("p");
        await(lines -> lines.getFirst().endsWith("PAUSED"));
        press("\014");
        await(lines -> lines.size() == HEIGHT);
        List<String> paused = screen.lines();
        for (int i = 0; i < 20; i++) {
            Thread.sleep(20);
            assertEquals(paused, screen.lines());
        }
        press("p");
        await(lines -> lines.size() == HEIGHT && !lines.equals(paused) && !lines.getFirst().contains("PAUSED"));
    }

    @Test
    void scrolls() throws IOException {
        press("mp");
        await(lines -> lines.getFirst().endsWith("PAUSED"));
        String first = screen.lines().get(2);
        String second = screen.lines().get(3);
        press("\033[B");
        await(lines -> lines.size() == HEIGHT && lines.get(2).equals(second));
        press("\033OA");
        await(lines -> lines.size() == HEIGHT && lines.get(2).equals(first));
        press("\033[F");
        // Method 0 is never called; the ticker comes after it if it had not been called when the reading was taken.
        await(lines -> lines.size() == HEIGHT && lines.get(HEIGHT - 2)
                .matches(" +0 +0 .*(Counted::method0|Ticker::tick)"));
        press("\033[5~\033[5~\033[5~\033[5~");
        await(lines -> lines.size() == HEIGHT && lines.get(2).equals(first));
        press("\033[6~");
        await(lines -> lines.size() == HEIGHT && !lines.contains(first));
        press("\033[H");
        await(lines -> lines.size() == HEIGHT && lines.get(2).equals(first));
    }

    @Test
    void showsHelpUntilAKey() throws IOException {
        press("?");
        await(lines -> lines.getFirst().equals("Keys of rseq4j top"));
        press("x");
        await(lines -> lines.getFirst().startsWith("rseq4j top"));
        press("h");
        await(lines -> lines.getFirst().equals("Keys of rseq4j top"));
    }

    @Test
    void drawsInTheNewSize() {
        resize(78, 8);
        await(lines -> lines.size() == 8 && lines.stream().allMatch(line -> line.length() <= 78)
                && lines.get(1).strip().matches("CALLS/S +TOTAL +P50 +P99 +METHOD")
                && lines.get(2).contains("  com.acme.") && lines.getLast().startsWith("h help  q quit"));
        resize(60, 8);
        await(lines -> lines.size() == 8 && lines.getFirst().matches("pid .*  by total")
                && lines.get(1).strip().matches("CALLS/S +TOTAL +METHOD") && lines.get(2).contains("  com.acme."));
        resize(30, 8);
        await(lines -> lines.size() == 8 && lines.get(1).strip().matches("TOTAL +METHOD")
                && lines.stream().anyMatch(line -> line.contains("  ..")));
        resize(150, 40);
        await(lines -> lines.size() == 40 && lines.get(2).contains("  com.acme."));
        resize(1, 1);
        await(lines -> lines.size() == 1 && lines.getFirst().length() == 1);
        resize(0, 0);
        await(lines -> lines.size() == 24);
    }

    @Test
    void restoresTheTerminal() throws IOException, InterruptedException, ExecutionException {
        assertTrue(screen.isAlternate());
        press("q");
        assertTrue(command.get());
        assertFalse(screen.isAlternate());
        assertEquals(before.toString(), terminal.getAttributes().toString());
    }

    @Test
    void endsAtAnInterrupt() throws InterruptedException, ExecutionException {
        terminal.raise(Terminal.Signal.INT);
        assertTrue(command.get());
        assertFalse(screen.isAlternate());
    }

    @Test
    void endsWithItsInput() throws IOException, InterruptedException, ExecutionException {
        keyboard.close();
        assertTrue(command.get());
        assertFalse(screen.isAlternate());
    }

    @Test
    void saysThatTheProcessHasEnded() throws IOException {
        target.close();
        ExecutionException e = assertThrows(ExecutionException.class, command::get);
        assertTrue(String.valueOf(e.getMessage()).endsWith("pid=" + target.pid() + ": the process has ended"),
                e::toString);
        assertFalse(screen.isAlternate());
    }
}
