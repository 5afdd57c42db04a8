package io.github.rseq4j.trace.logging;

import io.github.rseq4j.trace.Probe;
import io.github.rseq4j.trace.Tracer;
import java.lang.invoke.MethodHandles;
import java.util.List;
import java.util.ResourceBundle;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The tracer of a {@link TraceLoggerFinder}, with its events.
 *
 * @param tracer the tracer
 * @param events the events
 * @param probes the probes of the events, from ERROR down to TRACE
 */
record LoggerTarget(Tracer tracer, SystemLoggerEvents events, List<Probe> probes) {
    LoggerTarget {
        probes = List.copyOf(probes);
    }

    static LoggerTarget of(Tracer tracer) {
        SystemLoggerEvents events = tracer.probes(MethodHandles.lookup(), SystemLoggerEvents.class);
        return new LoggerTarget(tracer, events, Stream.of("error", "warning", "info", "debug", "trace")
                .map(event -> tracer.probe("system_logger:" + event)).toList());
    }

    /** Returns the index of a level's probe. OFF and ALL, which no message should have, count as the nearest level. */
    private static int index(System.Logger.Level level) {
        return switch (level) {
            case ERROR, OFF -> 0;
            case WARNING -> 1;
            case INFO -> 2;
            case DEBUG -> 3;
            case TRACE, ALL -> 4;
        };
    }

    /**
     * Records a message, if its event is enabled and the logger accepts its level. Never throws.
     *
     * @param logger the underlying logger
     * @param level the level
     * @param bundle localizes the message, or null
     * @param message the message, or its key in the bundle
     * @param thrown the throwable of the message, or null
     * @param parameters the parameters of the message
     */
    void record(System.Logger logger, System.Logger.Level level, @Nullable ResourceBundle bundle,
            @Nullable String message, @Nullable Throwable thrown, @Nullable Object @Nullable ... parameters) {
        try {
            int index = index(level);
            if (probes.get(index).isEnabled() && logger.isLoggable(level)) {
                record(index, level, logger.getName(), text(bundle, message, parameters), LogText.thrown(thrown));
            }
        } catch (Throwable _) {
            // The level is null, the stack is exhausted, or the logger fails; the forwarded call fails again then.
            tracer.countLost();
        }
    }

    private void record(int index, System.Logger.Level level, String logger, @Nullable String message,
            @Nullable String thrown) {
        int value = level.getSeverity();
        switch (index) {
            case 0 -> events.error(value, level.getName(), logger, message, thrown);
            case 1 -> events.warning(value, level.getName(), logger, message, thrown);
            case 2 -> events.info(value, level.getName(), logger, message, thrown);
            case 3 -> events.debug(value, level.getName(), logger, message, thrown);
            default -> events.trace(value, level.getName(), logger, message, thrown);
        }
    }

    private static @Nullable String text(@Nullable ResourceBundle bundle, @Nullable String message,
            @Nullable Object @Nullable ... parameters) {
        if (message == null || bundle == null && (parameters == null || parameters.length == 0)) {
            return message;
        }
        try {
            return LogText.make(() -> LogText.formatted(bundle, message, parameters), message);
        } catch (Throwable _) {
            return message;
        }
    }
}
