package io.github.rseq4j.cli.io;

import java.util.function.IntConsumer;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.jspecify.annotations.Nullable;

/** A progress bar on the error output, if the command runs on a terminal; otherwise nothing. One thread uses it. */
public final class Progress implements IntConsumer, AutoCloseable {
    private static final int BYTES_PER_MB = 1_000_000;
    private static final int MILLIS_PER_SECOND = 1000;
    /** The width of the bar with its figures; less on a narrow terminal, which would break the line. */
    private static final int COLUMNS = 79;
    private static final int LEAST_COLUMNS = 20;

    private final @Nullable ProgressBar bar;

    private Progress(@Nullable ProgressBar bar) {
        this.bar = bar;
    }

    /** Returns a progress that shows nothing. */
    public static Progress none() {
        return new Progress(null);
    }

    /**
     * Begins to show the progress in bytes.
     *
     * @param task the name of the work
     * @param bytes the number of bytes of the whole work
     */
    public static Progress ofBytes(String task, long bytes) {
        return isTerminal() ? new Progress(builder(task, bytes).setUnit(" MB", BYTES_PER_MB).build()) : none();
    }

    /**
     * Begins to show the progress in steps.
     *
     * @param task the name of the work
     * @param steps the number of steps of the whole work
     */
    public static Progress ofSteps(String task, long steps) {
        return isTerminal() ? new Progress(builder(task, steps).build()) : none();
    }

    /**
     * Begins to show the progress in time.
     *
     * @param task the name of the work
     * @param millis the duration of the whole work in milliseconds
     */
    public static Progress ofMillis(String task, long millis) {
        return isTerminal() ? new Progress(builder(task, millis).setUnit(" s", MILLIS_PER_SECOND).build()) : none();
    }

    private static boolean isTerminal() {
        return System.console() != null && System.console().isTerminal();
    }

    /**
     * Returns the width of a bar.
     *
     * @param terminal the terminal's width as the launcher gives it, or null
     */
    static int columns(@Nullable String terminal) {
        try {
            return terminal == null ? COLUMNS : Math.clamp(Integer.parseInt(terminal.strip()) - 1L, LEAST_COLUMNS,
                    COLUMNS);
        } catch (NumberFormatException _) {
            return COLUMNS;
        }
    }

    private static ProgressBarBuilder builder(String task, long max) {
        // The consumer of the library asks the terminal for its abilities, and so discards keys that were pressed.
        return new ProgressBarBuilder()
                .setConsumer(new ConsoleProgressBarConsumer(System.err, columns(System.getenv("COLUMNS"))))
                .setInitialMax(max).setStyle(ProgressBarStyle.ASCII).setTaskName(task).clearDisplayOnFinish();
    }

    /**
     * Adds work that is done.
     *
     * @param done the bytes, steps or milliseconds
     * @param part the part of the work that comes next, or an empty text
     */
    public void add(long done, String part) {
        say(part);
        if (bar != null) {
            bar.stepBy(done);
        }
    }

    /** Shows a text beside the bar. */
    public void say(String part) {
        if (bar != null) {
            bar.setExtraMessage(part);
        }
    }

    /**
     * Adds work that is done.
     *
     * @param done the bytes, steps or milliseconds
     */
    @Override
    public void accept(int done) {
        if (bar != null) {
            bar.stepBy(done);
        }
    }

    /** Removes the bar from the terminal. */
    @Override
    public void close() {
        if (bar != null) {
            bar.close();
        }
    }
}
