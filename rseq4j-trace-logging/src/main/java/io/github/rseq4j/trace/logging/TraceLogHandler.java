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
 * Records what java.util.logging logs as events of a tracer. One line switches it on:
 *
 * {@snippet lang = java:
 * Logger.getLogger("").addHandler(new TraceLogHandler(tracer));
 * }
 *
 * <p><b>Events</b> are {@code jul:severe}, {@code jul:warning}, {@code jul:info}, {@code jul:config}, {@code jul:fine},
 * {@code jul:finer} and {@code jul:finest}; a level of somebody else's is that below it. Fields are {@code level} (its
 * value), {@code level_name}, {@code logger}, {@code message} and {@code thrown} (what its {@code toString} says, or
 * null). Thread and time are those of the event, that is of the call of {@link #publish}. Class and method are not
 * recorded: a record finds them by a walk of the stack, which costs many times what all the rest does.
 *
 * <p><b>What is recorded</b> is what the logger's level, and the handler's level and filter let through, of events that
 * are enabled: {@code tracer.disable("jul:fine*")}. Of others no message is formatted.
 *
 * <p><b>Messages</b> are formatted as all handlers do it, by {@link Formatter#formatMessage}: of the handler's
 * formatter, if one was set. A message that cannot be formatted is recorded as it was given, without its parameters; so
 * is what is logged by the code that formats another one.
 *
 * <p><b>Failures.</b> The program that logs sees none: what cannot be recorded is counted in
 * {@link io.github.rseq4j.trace.TracerStats#lost}, and told to the handler's {@link ErrorManager}.
 *
 * <p><b>Threads.</b> Any; no lock is taken. The module java.logging must be there: modules of a program that use this
 * class require it.
 */
public final class TraceLogHandler extends Handler {
    /** The least values of the levels, in the order of the probes. */
    private static final int[] LEVELS = {Level.SEVERE.intValue(), Level.WARNING.intValue(), Level.INFO.intValue(),
            Level.CONFIG.intValue(), Level.FINE.intValue(), Level.FINER.intValue(), Integer.MIN_VALUE};

    private final Tracer tracer;
    private final JulEvents events;
    private final List<Probe> probes;
    private final Formatter formatter = new MessageFormatter();

    /** Formats messages alone: what handlers have in common. */
    private static final class MessageFormatter extends Formatter {
        @Override
        public String format(LogRecord record) {
            return formatMessage(record);
        }
    }

    /**
     * Makes a handler of all levels, without a filter.
     *
     * @param tracer what it records to; several handlers may have the same
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

    /** Tells whether it would record something: its event is enabled, and the handler's level and filter let it. */
    @Override
    public boolean isLoggable(@Nullable LogRecord record) {
        return record != null && probes.get(index(record)).isEnabled() && super.isLoggable(record);
    }

    @Override
    public void publish(@Nullable LogRecord record) {
        try {
            if (record != null && isLoggable(record)) {
                record(record);
            }
        } catch (Throwable t) {
            // A filter, or a level of somebody else's, or the end of the stack.
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

    /** Tells the ErrorManager, unless what failed was logged by one; what that throws is nobody's. */
    private void report(String what, Throwable thrown, int code) {
        try {
            Exception exception = thrown instanceof Exception e ? e : new IllegalStateException(thrown);
            LogText.make(() -> {
                reportError(what, exception, code);
                return null;
            }, null);
        } catch (Throwable _) {
            // The stack's end is near, or the ErrorManager failed with an Error.
        }
    }

    /** Flushes the tracer; a failure is told to the ErrorManager. */
    @Override
    public void flush() {
        try {
            tracer.flush();
        } catch (IllegalStateException _) {
            // The tracer was closed, and has nothing to be written.
        } catch (IOException | RuntimeException e) {
            report("the trace is not flushed", e, ErrorManager.FLUSH_FAILURE);
        }
    }

    /** Records no more: its level is {@link Level#OFF} from then on. The tracer stays open. */
    @Override
    public void close() {
        setLevel(Level.OFF);
    }
}
