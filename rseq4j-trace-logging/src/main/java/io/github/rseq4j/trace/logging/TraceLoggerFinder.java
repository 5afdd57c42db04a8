package io.github.rseq4j.trace.logging;

import io.github.rseq4j.trace.Tracer;
import java.util.Objects;
import java.util.ResourceBundle;
import org.jspecify.annotations.Nullable;

/**
 * Records what {@link System.Logger} logs as events of a tracer, and hands it on to the loggers of another finder,
 * whose levels and output stay as they are.
 *
 * <p>A program needs it whose {@link System.LoggerFinder} is that of a logging library, or its own. Without one these
 * loggers are those of java.util.logging, and {@link TraceLogHandler} sees what they log.
 *
 * <p>It installs nothing by itself. The program names a class of its own as the provider of the service
 * {@code java.lang.System.LoggerFinder}, in its module ({@code provides System.LoggerFinder with Loggers}) or in
 * {@code META-INF/services}; the JVM makes it when something asks for a logger for the first time, which may be long
 * before there is a tracer:
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
 * <p>and then {@code Loggers.TRACED.attach(tracer)}.
 *
 * <p><b>Events</b> are {@code system_logger:error}, {@code system_logger:warning}, {@code system_logger:info},
 * {@code system_logger:debug} and {@code system_logger:trace}, with the fields of {@link TraceLogHandler}. The message
 * is localized by the logger's bundle and formatted by {@link java.text.MessageFormat}, and recorded as it was given
 * where that fails, or where it is logged by the code that formats another one.
 *
 * <p><b>What is recorded</b> is what the logger beyond says it would log, of events that are enabled: what
 * {@code isLoggable} says, and so what the program does, does not change when it is traced. What cannot be recorded is
 * counted in {@link io.github.rseq4j.trace.TracerStats#lost}; failures of the logger beyond are its own.
 *
 * <p><b>Threads.</b> Any. Loggers that the program holds already are traced from {@link #attach} on.
 */
public final class TraceLoggerFinder extends System.LoggerFinder {
    private final System.LoggerFinder next;
    private volatile @Nullable LoggerTarget target;

    /**
     * Makes it, without a tracer.
     *
     * @param next whose loggers log what its own do
     */
    public TraceLoggerFinder(System.LoggerFinder next) {
        this.next = Objects.requireNonNull(next, "next");
    }

    /**
     * Records to a tracer, instead of to another, from now on.
     *
     * @param tracer the tracer; when it is closed nothing is recorded any more
     */
    public void attach(Tracer tracer) {
        target = LoggerTarget.of(tracer);
    }

    /** Records no more. */
    public void detach() {
        target = null;
    }

    @Override
    public System.Logger getLogger(String name, Module module) {
        return new Traced(this, next.getLogger(name, module), null);
    }

    @Override
    public System.Logger getLocalizedLogger(String name, @Nullable ResourceBundle bundle, Module module) {
        return new Traced(this, next.getLocalizedLogger(name, bundle, module), bundle);
    }

    /**
     * A logger that is traced. Frames of classes that implement System.Logger are none that the JDK takes for a caller.
     *
     * @param finder knows the tracer
     * @param next the logger beyond
     * @param bundle what messages are localized with, or null
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
