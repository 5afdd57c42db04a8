package io.github.rseq4j.trace.logging;

import io.github.rseq4j.trace.Probe;
import io.github.rseq4j.trace.Tracer;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.util.List;
import java.util.logging.ErrorManager;
import java.util.logging.Formatter;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A handler of java.util.logging that records log records as events of a tracer. One line installs it:
 *
 * {@snippet lang = java:
 * Logger.getLogger("").addHandler(new TraceLogHandler(tracer));
 * }
 *
 * <p><b>Events.</b> The level of a record selects one of the events {@code jul:severe}, {@code jul:warning},
 * {@code jul:info}, {@code jul:config}, {@code jul:fine}, {@code jul:finer} and {@code jul:finest}. A level between two
 * standard levels selects the event of the lower one. The fields are {@code level} (the value of the level),
 * {@code level_name}, {@code logger}, {@code message} and {@code thrown} (the result of its {@code toString}, or null).
 * The event has the time and the thread of the call of {@link #publish}. The calling class and method are not recorded:
 * finding them takes a walk of the stack, which costs many times as much as the event.
 *
 * <p><b>Filters.</b> The handler records a record if the logger's level, the handler's level and the handler's filter
 * accept it and its event is enabled. {@code tracer.disable("jul:fine*")} disables events. The message of a record that
 * is not recorded is not formatted.
 *
 * <p><b>Messages.</b> The formatter that was set, or else one of the handler's own, formats the message by
 * {@link Formatter#formatMessage}. If it fails, the event has the message without its parameters. The same holds for a
 * record that is logged while the text of another record is being made on the same thread.
 *
 * <p><b>Failures.</b> No method throws because a record cannot be recorded. Such a record counts in
 * {@link io.github.rseq4j.trace.TracerStats#lost}, and the handler's {@link ErrorManager} is informed.
 *
 * <p><b>Threads.</b> Any thread may call any method. Recording takes no lock.
 *
 * <p><b>Modules.</b> A module that uses this class must require java.logging.
 *
 * @since 0.1.0
 */
public final class TraceLogHandler extends Handler {
    /** The least values of the levels, in the order of the probes. */
    private static final int[] LEVELS = {Level.SEVERE.intValue(), Level.WARNING.intValue(), Level.INFO.intValue(),
            Level.CONFIG.intValue(), Level.FINE.intValue(), Level.FINER.intValue(), Integer.MIN_VALUE};

    private final Tracer tracer;
    private final JulEvents events;
    private final List<Probe> probes;
    private final Formatter formatter = new MessageFormatter();

    /** Formats the message alone. */
    private static final class MessageFormatter extends Formatter {
        @Override
        public String format(LogRecord record) {
            return formatMessage(record);
        }
    }

    /**
     * Creates a handler of all levels without a filter.
     *
     * @param tracer the tracer that records the events; several handlers may share a tracer
     * @throws IllegalStateException if the tracer is closed
     */
    public TraceLogHandler(Tracer tracer) {
        this.tracer = tracer;
        this.events = tracer.probes(MethodHandles.lookup(), JulEvents.class);
        this.probes = Stream.of("severe", "warning", "info", "config", "fine", "finer", "finest")
                .map(event -> tracer.probe("jul:" + event)).toList();
        setFormatter(formatter);
    }

    private static int index(LogRecord record) {
        int value = record.getLevel().intValue();
        int index = 0;
        while (value < LEVELS[index]) {
            index++;
        }
        return index;
    }

    /**
     * Tells whether {@link #publish} records a certain record.
     *
     * @param record the record, or null
     * @return whether its event is enabled, and the handler's level and filter accept it; false for null
     */
    @Override
    public boolean isLoggable(@Nullable LogRecord record) {
        return record != null && probes.get(index(record)).isEnabled() && super.isLoggable(record);
    }

    /**
     * Records a record, if {@link #isLoggable} accepts it. Never throws.
     *
     * @param record the record; null has no effect
     */
    @Override
    public void publish(@Nullable LogRecord record) {
        try {
            if (record != null && isLoggable(record)) {
                record(record);
            }
        } catch (Throwable t) {
            // Thrown by a filter or a custom level, or the stack is exhausted.
            tracer.countLost();
            report("the record is not in the trace", t, ErrorManager.WRITE_FAILURE);
        }
    }

    private void record(LogRecord record) {
        int level = record.getLevel().intValue();
        String levelName = record.getLevel().getName();
        String logger = record.getLoggerName();
        String message = message(record);
        String thrown = LogText.thrown(record.getThrown());
        switch (index(record)) {
            case 0 -> events.severe(level, levelName, logger, message, thrown);
            case 1 -> events.warning(level, levelName, logger, message, thrown);
            case 2 -> events.info(level, levelName, logger, message, thrown);
            case 3 -> events.config(level, levelName, logger, message, thrown);
            case 4 -> events.fine(level, levelName, logger, message, thrown);
            case 5 -> events.finer(level, levelName, logger, message, thrown);
            default -> events.finest(level, levelName, logger, message, thrown);
        }
    }

    private @Nullable String message(LogRecord record) {
        Object @Nullable [] parameters = record.getParameters();
        Formatter set = getFormatter();
        if (formatter.equals(set) && (parameters == null || parameters.length == 0)
                && record.getResourceBundle() == null) {
            return record.getMessage();
        }
        try {
            return LogText.make(() -> set.formatMessage(record), record.getMessage());
        } catch (Throwable t) {
            report("the message is in the trace as it was given", t, ErrorManager.FORMAT_FAILURE);
            return record.getMessage();
        }
    }

    /** Informs the ErrorManager, unless it logged the failed record itself. Ignores what the ErrorManager throws. */
    private void report(String what, Throwable thrown, int code) {
        try {
            Exception exception = thrown instanceof Exception e ? e : new IllegalStateException(thrown);
            LogText.make(() -> {
                reportError(what, exception, code);
                return null;
            }, null);
        } catch (Throwable _) {
            // The stack is nearly exhausted, or the ErrorManager failed with an Error.
        }
    }

    /** Flushes the tracer. Informs the ErrorManager of a failure; has no effect if the tracer is closed. */
    @Override
    public void flush() {
        try {
            tracer.flush();
        } catch (IllegalStateException _) {
            // The tracer was closed, and has nothing to write.
        } catch (IOException | RuntimeException e) {
            report("the trace is not flushed", e, ErrorManager.FLUSH_FAILURE);
        }
    }

    /** Sets the level to {@link Level#OFF}, so that nothing more is recorded. The tracer stays open. */
    @Override
    public void close() {
        setLevel(Level.OFF);
    }
}
