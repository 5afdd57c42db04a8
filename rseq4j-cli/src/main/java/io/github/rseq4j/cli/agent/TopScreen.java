package io.github.rseq4j.cli.agent;

import io.github.rseq4j.agent.table.TableException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jline.keymap.BindingReader;
import org.jline.keymap.KeyMap;
import org.jline.terminal.Attributes;
import org.jline.terminal.Size;
import org.jline.terminal.Terminal;
import org.jline.utils.AttributedString;
import org.jline.utils.AttributedStyle;
import org.jline.utils.Display;
import org.jline.utils.InfoCmp.Capability;
import org.jline.utils.NonBlockingReader;
import org.jspecify.annotations.Nullable;

/** The table on a terminal, refreshed in place and operated by keys. */
final class TopScreen {
    /* How it works
     *
     * One thread waits for keys until the next reading is due. It wakes up several times a second, to see whether the
     * size of the terminal has changed. The screen is drawn after a key, a reading or a change of the size; JLine's
     * Display writes only what differs.
     */
    private static final long WAKE_NANOS = 200_000_000;
    private static final int LEAST_COLUMNS = 80;
    private static final int LEAST_ROWS = 24;
    private static final String KEYS = "c calls  t total  5 p50  9 p99  m max  r reverse  / filter  a since attach  "
            + "p pause  h help  q quit";
    /** The keys for a terminal that is narrower than {@link #KEYS}. */
    private static final String SHORT_KEYS = "h help  q quit  / filter  p pause  r reverse  c t 5 9 m sort";
    private static final String NAME = "rseq4j top  ";
    private static final List<String> HELP = """
            Keys of rseq4j top

              c t 5 9 m            sort by calls, total, p50, p99, max
              r                    reverse the order
              /                    filter: a part of CLASS::METHOD, or a glob with * and ?
                                   Enter keeps the filter, Esc the former one, Ctrl-U clears the line
              a                    show calls since the agent was attached, or those of the last interval
              p                    pause, or continue
              arrows, k j          scroll by a line
              PgUp PgDn, blank     scroll by a page
              Home End, g G        the first and the last method
              Ctrl-L               draw the screen again
              h ?                  this help
              q                    quit

            CALLS/S is of the last interval. P50, P99 and MAX are upper bounds: they exceed the
            duration by less than 1/16. A method that is only counted has no durations.

            A key returns to the table.""".lines().toList();

    private final Terminal terminal;
    private final long pid;
    private final TopRows rows;
    private final long intervalNanos;
    private final Display display;
    private final BindingReader keys;
    private final KeyMap<TopKey> tableKeys;
    private final KeyMap<TopKey> filterKeys;
    private Size size = Size.of(0, 0);
    private int first;
    private boolean isPaused;
    private boolean isHelp;
    private @Nullable StringBuilder written;
    private volatile boolean isQuit;
    private volatile boolean isContinued;

    /**
     * Creates a screen.
     *
     * @param terminal the terminal
     * @param pid the process
     * @param rows its methods
     * @param intervalNanos the time from a reading to the next, in nanoseconds
     */
    TopScreen(Terminal terminal, long pid, TopRows rows, long intervalNanos) {
        this.terminal = terminal;
        this.pid = pid;
        this.rows = rows;
        this.intervalNanos = intervalNanos;
        this.display = new Display(terminal, true);
        this.keys = new BindingReader(terminal.reader());
        this.tableKeys = TopKey.ofTable(terminal);
        this.filterKeys = TopKey.ofFilter(terminal);
    }

    /**
     * Shows the table until the user quits, or the input ends. The terminal is then as before.
     *
     * @throws TableException if the process has ended, or the table cannot be read
     */
    void run() throws TableException {
        Attributes before = terminal.getAttributes();
        Terminal.SignalHandler interrupt = terminal.handle(Terminal.Signal.INT, _ -> isQuit = true);
        Terminal.SignalHandler resume = terminal.handle(Terminal.Signal.CONT, _ -> isContinued = true);
        Thread end = new Thread(() -> leaveAtEnd(before));
        Runtime.getRuntime().addShutdownHook(end);
        try {
            enter();
            watch();
        } finally {
            terminal.handle(Terminal.Signal.INT, interrupt);
            terminal.handle(Terminal.Signal.CONT, resume);
            leave(before);
            remove(end);
        }
    }

    private static void remove(Thread hook) {
        try {
            boolean _ = Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException _) {
            // The JVM is ending, and the hook restores the terminal.
        }
    }

    private void enter() {
        Attributes _ = terminal.enterRawMode();
        terminal.puts(Capability.enter_ca_mode);
        terminal.puts(Capability.keypad_xmit);
        terminal.puts(Capability.cursor_invisible);
        terminal.flush();
    }

    private void leave(Attributes before) {
        terminal.puts(Capability.cursor_normal);
        terminal.puts(Capability.keypad_local);
        terminal.puts(Capability.exit_ca_mode);
        terminal.flush();
        terminal.setAttributes(before);
    }

    private void leaveAtEnd(Attributes before) {
        try {
            leave(before);
        } catch (IllegalStateException _) {
            // JLine has closed the terminal.
        }
    }

    private void watch() throws TableException {
        long next = System.nanoTime() + intervalNanos;
        draw();
        while (!isQuit) {
            long wait = Math.clamp(next - System.nanoTime(), 0, WAKE_NANOS);
            // A wait of 0 would be one without end.
            int key = keys.peekCharacter(Math.max(1, TimeUnit.NANOSECONDS.toMillis(wait)));
            boolean isDirty = hasNewSize();
            if (key == NonBlockingReader.EOF) {
                return;
            } else if (key >= 0) {
                TopKey binding = keys.readBinding(written == null ? tableKeys : filterKeys);
                if (binding == null) {
                    return;
                }
                act(binding);
                isDirty = true;
            }
            if (isContinued) {
                // The shell has changed the terminal meanwhile.
                isContinued = false;
                enter();
                display.clear();
                isDirty = true;
            }
            if (System.nanoTime() - next >= 0) {
                next = System.nanoTime() + intervalNanos;
                if (!isPaused) {
                    rows.readAgain();
                    isDirty = true;
                }
            }
            if (isDirty && !isQuit) {
                draw();
            }
        }
    }

    private boolean hasNewSize() {
        return !terminal.getSize().equals(size);
    }

    private void act(TopKey key) {
        if (isHelp) {
            isHelp = false;
            isQuit = key == TopKey.QUIT;
        } else if (written != null) {
            write(key, written);
        } else {
            switch (key) {
                case CALLS -> rows.sort(MethodSort.calls);
                case TOTAL -> rows.sort(MethodSort.total);
                case P50 -> rows.sort(MethodSort.p50);
                case P99 -> rows.sort(MethodSort.p99);
                case MAX -> rows.sort(MethodSort.max);
                case REVERSE -> rows.reverse();
                case SINCE_ATTACH -> rows.toggleSinceAttach();
                case PAUSE -> isPaused = !isPaused;
                case FILTER -> written = new StringBuilder(rows.filter().text());
                case HELP -> isHelp = true;
                case QUIT -> isQuit = true;
                case REDRAW -> display.clear();
                default -> scroll(key);
            }
        }
    }

    private void write(TopKey key, StringBuilder line) {
        switch (key) {
            case ACCEPT -> {
                rows.filter(MethodFilter.of(line.toString().strip()));
                first = 0;
                written = null;
            }
            case CANCEL -> written = null;
            case DELETE -> line.setLength(line.isEmpty() ? 0 : line.offsetByCodePoints(line.length(), -1));
            case CLEAR -> line.setLength(0);
            case TEXT -> line.append(keys.getLastBinding());
            default -> scroll(key);
        }
    }

    private void scroll(TopKey key) {
        int page = Math.max(1, size.getRows() - head().size() - 2);
        first = switch (key) {
            case UP -> first - 1;
            case DOWN -> first + 1;
            case PAGE_UP -> first - page;
            case PAGE_DOWN -> first + page;
            case FIRST -> 0;
            case LAST -> Integer.MAX_VALUE / 2;
            default -> first;
        };
    }

    private List<String> head() {
        List<String> head = new ArrayList<>();
        String text = NAME + "pid " + pid + "  " + rows.period() + "  " + rows.methods() + " methods  by "
                + rows.sort() + (rows.isReversed() ? ", reversed" : "")
                + (rows.filter().text().isEmpty() ? "" : "  filter " + rows.filter().text())
                + (isPaused ? "  PAUSED" : "");
        // A narrow terminal does without the name of the command.
        head.add(text.length() <= width() ? text : text.substring(NAME.length()));
        if (!rows.whyCopied().isEmpty()) {
            head.add("slower, and new once a second: " + rows.whyCopied());
        }
        return head;
    }

    private int width() {
        return size.getColumns() > 0 ? size.getColumns() : LEAST_COLUMNS;
    }

    private void draw() {
        if (hasNewSize()) {
            display.clear();
        }
        size = Size.of(terminal.getSize());
        int columns = width();
        int height = size.getRows() > 0 ? size.getRows() : LEAST_ROWS;
        display.resize(Size.of(columns, height));
        List<AttributedString> lines = new ArrayList<>();
        if (isHelp) {
            HELP.forEach(line -> lines.add(new AttributedString(line)));
        } else {
            table(lines, columns, height);
        }
        List<AttributedString> fitting = new ArrayList<>();
        for (AttributedString line : lines.subList(0, Math.min(lines.size(), height))) {
            fitting.add(line.columnSubSequence(0, columns));
        }
        display.update(fitting, -1);
    }

    private void table(List<AttributedString> lines, int columns, int height) {
        head().forEach(line -> lines.add(new AttributedString(line)));
        List<TopRows.Shown> all = rows.rows();
        int room = Math.max(1, height - lines.size() - 2);
        first = Math.clamp(first, 0, Math.max(0, all.size() - room));
        List<String> text = TopText.lines(all.subList(first, Math.min(all.size(), first + room)), columns,
                rows.sort());
        String heading = text.getFirst();
        lines.add(new AttributedString(heading + " ".repeat(Math.max(0, columns - heading.length())),
                AttributedStyle.INVERSE));
        text.subList(1, text.size()).forEach(line -> lines.add(new AttributedString(line)));
        while (lines.size() < height - 1) {
            lines.add(AttributedString.EMPTY);
        }
        String keys = KEYS.length() <= columns ? KEYS : SHORT_KEYS;
        lines.add(new AttributedString(written != null ? "filter: " + written + "_"
                : all.isEmpty() ? "no method matches; " + keys : keys));
    }
}
