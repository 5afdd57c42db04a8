package io.github.rseq4j.trace.logging;

import io.github.rseq4j.trace.Tracer;
import java.util.Objects;
import java.util.ResourceBundle;
import org.jspecify.annotations.Nullable;

/**
 * A finder of {@link System.Logger}s that record each message as an event of a tracer, and then forward it to the
 * logger of another finder, the underlying logger. Levels and output of the underlying logger do not change.
 *
 * <p>This class is for programs whose {@link System.LoggerFinder} comes from a logging library or is their own. In a
 * program without a finder, System.Logger logs to java.util.logging, where {@link TraceLogHandler} records.
 *
 * <p>The program names a class of its own as the provider of the service {@code java.lang.System.LoggerFinder}, in its
 * module ({@code provides System.LoggerFinder with Loggers}) or in {@code META-INF/services}. The JVM creates the
 * provider when a logger is needed for the first time, which can be long before a tracer exists:
 *
 * {@snippet lang = java:
 * public final class Loggers extends System.LoggerFinder {
 *     public static final TraceLoggerFinder TRACED = new TraceLoggerFinder(new LibraryLoggerFinder());
 *
 *     @Override
 *     public System.Logger getLogger(String name, Module module) {
 *         return TRACED.getLogger(name, module);
 *     }
 *
 *     @Override
 *     public System.Logger getLocalizedLogger(String name, ResourceBundle bundle, Module module) {
 *         return TRACED.getLocalizedLogger(name, bundle, module);
 *     }
 * }
 * }
 *
 * <p>{@code Loggers.TRACED.attach(tracer)} then starts recording.
 *
 * <p><b>Events</b> are {@code system_logger:error}, {@code system_logger:warning}, {@code system_logger:info},
 * {@code system_logger:debug} and {@code system_logger:trace}, with the fields of {@link TraceLogHandler}. The logger's
 * bundle localizes the message, and {@link java.text.MessageFormat} formats it. If that fails, or if the message is
 * logged while the text of another message is being made on the same thread, the event has the message as given.
 *
 * <p><b>Filters.</b> A message is recorded if the underlying logger accepts its level and its event is enabled.
 * {@code isLoggable} returns the answer of the underlying logger, so tracing does not change the program's decisions.
 *
 * <p><b>Failures.</b> A message that cannot be recorded counts in
 * {@link io.github.rseq4j.trace.TracerStats#lost}. Exceptions of the underlying logger reach the caller.
 *
 * <p><b>Threads.</b> Any thread may call any method. {@link #attach} and {@link #detach} also affect loggers that the
 * program obtained before.
 *
 * @since 0.1.0
 */
public final class TraceLoggerFinder extends System.LoggerFinder {
    private final System.LoggerFinder next;
    private volatile @Nullable LoggerTarget target;

    /**
     * Creates a finder without a tracer.
     *
     * @param next the finder of the underlying loggers
     */
    public TraceLoggerFinder(System.LoggerFinder next) {
        this.next = Objects.requireNonNull(next, "next");
    }

    /**
     * Starts recording to a tracer, which replaces an earlier one.
     *
     * @param tracer the tracer; nothing is recorded after it is closed
     * @throws IllegalStateException if the tracer is closed
     */
    public void attach(Tracer tracer) {
        target = LoggerTarget.of(tracer);
    }

    /** Stops recording. The tracer stays open. */
    public void detach() {
        target = null;
    }

    /**
     * Returns a logger that records and forwards.
     *
     * @param name the name of the logger
     * @param module the module that asks for the logger
     * @return the logger
     */
    @Override
    public System.Logger getLogger(String name, Module module) {
        return new Traced(this, next.getLogger(name, module), null);
    }

    /**
     * Returns a logger that records and forwards, and localizes messages by a bundle.
     *
     * @param name the name of the logger
     * @param bundle the bundle for messages without one of their own, or null
     * @param module the module that asks for the logger
     * @return the logger
     */
    @Override
    public System.Logger getLocalizedLogger(String name, @Nullable ResourceBundle bundle, Module module) {
        return new Traced(this, next.getLocalizedLogger(name, bundle, module), bundle);
    }

    /**
     * A logger that records and forwards. The JDK skips frames of classes that implement System.Logger when it looks
     * for the caller, so the underlying logger still finds the program's method.
     *
     * @param finder has the current tracer
     * @param next the underlying logger
     * @param bundle the bundle for messages without one of their own, or null
     */
    private record Traced(TraceLoggerFinder finder, System.Logger next, @Nullable ResourceBundle bundle)
            implements System.Logger {
        @Override
        public String getName() {
            return next.getName();
        }

        @Override
        public boolean isLoggable(Level level) {
            return next.isLoggable(level);
        }

        @Override
        public void log(Level level, @Nullable ResourceBundle own, @Nullable String message,
                @Nullable Throwable thrown) {
            trace(level, own, message, thrown);
            next.log(level, own, message, thrown);
        }

        @Override
        public void log(Level level, @Nullable ResourceBundle own, @Nullable String message,
                @Nullable Object @Nullable ... parameters) {
            trace(level, own, message, null, parameters);
            next.log(level, own, message, parameters);
        }

        private void trace(Level level, @Nullable ResourceBundle own, @Nullable String message,
                @Nullable Throwable thrown, @Nullable Object @Nullable ... parameters) {
            LoggerTarget target = finder.target;
            if (target != null) {
                target.record(next, level, own != null ? own : bundle, message, thrown, parameters);
            }
        }
    }
}
