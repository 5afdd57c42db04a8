package io.github.rseq4j.trace.logging;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.trace.Tracer;
import io.github.rseq4j.trace.ctf.TraceEvent;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.ListResourceBundle;
import java.util.Objects;
import java.util.ResourceBundle;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The trace contains the messages of System.Logger, and the underlying logger logs as it would without the finder. */
final class TraceLoggerFinderTest {
    private static final ResourceBundle BUNDLE = new ListResourceBundle() {
        @Override
        protected Object[][] getContents() {
            return new Object[][] {{"key", "found {0}"}, {"number", 7}};
        }
    };

    @TempDir
    private Path folder = Path.of("");
    private final Beyond beyond = new Beyond();
    private final TraceLoggerFinder finder = new TraceLoggerFinder(beyond);
    private final System.Logger logger = finder.getLogger("a.b", TraceLoggerFinderTest.class.getModule());
    private LoggedTrace trace;
    private Tracer tracer;

    /** A logging library that keeps its messages. */
    private static final class Beyond extends System.LoggerFinder {
        private final List<String> logged = new ArrayList<>();
        private Level least = Level.ALL;

        @Override
        public System.Logger getLogger(String name, Module module) {
            return new Kept(this, name);
        }

        synchronized void add(String text) {
            logged.add(text);
        }
    }

    private record Kept(Beyond beyond, String name) implements System.Logger {
        @Override
        public String getName() {
            return name;
        }

        @Override
        public boolean isLoggable(Level level) {
            return level.getSeverity() >= beyond.least.getSeverity();
        }

        @Override
        public void log(Level level, @Nullable ResourceBundle bundle, @Nullable String message,
                @Nullable Throwable thrown) {
            beyond.add(Objects.requireNonNull(level) + " " + message + " " + (thrown != null));
        }

        @Override
        public void log(Level level, @Nullable ResourceBundle bundle, @Nullable String format,
                @Nullable Object @Nullable ... parameters) {
            beyond.add(Objects.requireNonNull(level) + " " + format + " "
                    + (parameters == null ? 0 : parameters.length));
        }
    }

    /** A parameter whose text is made by foreign code, which has side effects. */
    private record Asked(Runnable onAsked) {
        @Override
        public String toString() {
            onAsked.run();
            return "asked";
        }
    }

    /** An exception whose message cannot be read. */
    private static final class Unspeakable extends RuntimeException {
        private static final long serialVersionUID = 1L;

        @Override
        public String getMessage() {
            throw new IllegalStateException("no text");
        }
    }

    @BeforeEach
    void attach() throws IOException {
        trace = LoggedTrace.start(folder.resolve("trace"));
        tracer = trace.tracer();
        finder.attach(tracer);
    }

    @AfterEach
    void close() {
        tracer.close();
    }

    @Test
    void recordsAndForwardsEachLevel() throws IOException {
        for (Level level : Level.values()) {
            logger.log(level, "m");
        }
        assertEquals(List.of("system_logger:trace[-2147483648, ALL, a.b, m, null]",
                "system_logger:trace[400, TRACE, a.b, m, null]", "system_logger:debug[500, DEBUG, a.b, m, null]",
                "system_logger:info[800, INFO, a.b, m, null]", "system_logger:warning[900, WARNING, a.b, m, null]",
                "system_logger:error[1000, ERROR, a.b, m, null]",
                "system_logger:error[2147483647, OFF, a.b, m, null]"), trace.texts());
        assertEquals(Arrays.stream(Level.values()).map(level -> level + " m 0").toList(), beyond.logged);
        assertEquals(List.of("debug DEBUG_PROGRAM", "error ERR", "info INFO", "trace DEBUG", "warning WARNING"),
                LoggedTrace.levels(folder.resolve("trace")));
    }

    @Test
    void localizesAndFormatsMessages() throws IOException {
        logger.log(Level.INFO, "{0} of {1}, it''s", 1, "two");
        logger.log(Level.INFO, "it''s {} {", "no place");
        logger.log(Level.INFO, "{0}");
        logger.log(Level.INFO, "{0", 1);
        logger.log(Level.INFO, () -> "supplied");
        logger.log(Level.INFO, new Asked(() -> {}));
        logger.log(Level.INFO, BUNDLE, "key", 7);
        logger.log(Level.INFO, BUNDLE, "number", 7);
        logger.log(Level.INFO, BUNDLE, "no key", (Throwable) null);
        System.Logger localized = finder.getLocalizedLogger("c", BUNDLE, getClass().getModule());
        localized.log(Level.INFO, "key", 8);
        localized.log(Level.INFO, "key", new IllegalStateException("late"));
        assertEquals(List.of("1 of two, it's", "it''s {} {", "{0}", "{0", "supplied", "asked", "found 7", "number",
                "no key", "found 8", "found {0}"), trace.messages());
        assertEquals(11, beyond.logged.size());
    }

    @Test
    void recordsMissingPartsAsNull() throws IOException {
        logger.log(Level.INFO, (String) null);
        logger.log(Level.INFO, (ResourceBundle) null, null, (Throwable) null);
        logger.log(Level.INFO, BUNDLE, null, 1);
        logger.log(Level.INFO, "{0}", (Object) null);
        assertEquals(List.of("null", "null", "null", "null"), trace.messages());
        assertThrows(NullPointerException.class, () -> logger.log(null, "no level"), "the underlying logger throws");
        assertEquals(4, beyond.logged.size());
    }

    @Test
    void recordsTheTextOfAnException() throws IOException {
        logger.log(Level.ERROR, "failed", new IllegalStateException("late"));
        logger.log(Level.ERROR, "failed", new Unspeakable());
        assertEquals(List.of("system_logger:error[1000, ERROR, a.b, failed, java.lang.IllegalStateException: late]",
                "system_logger:error[1000, ERROR, a.b, failed, " + Unspeakable.class.getName() + "]"), trace.texts());
        assertEquals(List.of("ERROR failed true", "ERROR failed true"), beyond.logged);
    }

    @Test
    void aParameterMayThrowOrLog() throws IOException {
        logger.log(Level.INFO, "a {0}", new Asked(() -> Objects.requireNonNull(null)));
        logger.log(Level.INFO, "b {0}", new Asked(() -> {
            throw new AssertionError("an Error");
        }));
        logger.log(Level.INFO, "c {0}", new Asked(() -> logger.log(Level.DEBUG, "inner {0}", 1)));
        assertEquals(List.of("a {0}", "b {0}", "inner {0}", "c asked"), trace.messages());
        assertEquals(List.of("INFO a {0} 1", "INFO b {0} 1", "DEBUG inner {0} 1", "INFO c {0} 1"), beyond.logged);
        assertEquals(0, tracer.stats().lost());
    }

    @Test
    void theUnderlyingLoggerDecidesWhichLevelsAreLogged() throws IOException {
        beyond.least = Level.INFO;
        Asked asked = new Asked(() -> {
            throw new AssertionError("the text must not be read");
        });
        assertFalse(logger.isLoggable(Level.DEBUG));
        logger.log(Level.DEBUG, "{0}", asked);
        logger.log(Level.DEBUG, asked);
        tracer.disable("system_logger:info");
        assertTrue(logger.isLoggable(Level.INFO));
        logger.log(Level.INFO, "disabled {0}", asked);
        finder.detach();
        logger.log(Level.WARNING, "detached {0}", asked);
        finder.attach(tracer);
        logger.log(Level.WARNING, "attached");
        tracer.close();
        logger.log(Level.WARNING, "closed {0}", asked);
        assertEquals(List.of("attached"), LoggedTrace.events(folder.resolve("trace")).stream()
                .map(event -> event.values().get(3)).toList());
        assertEquals(List.of("DEBUG {0} 1", "INFO disabled {0} 1", "WARNING detached {0} 1", "WARNING attached 0",
                "WARNING closed {0} 1"), beyond.logged);
    }

    @Test
    void threadsLogConcurrently() throws IOException {
        int threads = 100;
        int records = 50;
        try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < threads; i++) {
                int number = i;
                executor.execute(() -> {
                    for (int j = 0; j < records; j++) {
                        logger.log(Level.INFO, "{0} {1}", String.valueOf(number), Thread.currentThread().threadId());
                    }
                });
            }
        }
        List<TraceEvent> events = trace.recorded();
        assertEquals(threads * records, events.size());
        assertEquals(threads, trace.messages().stream().distinct().count());
        for (TraceEvent event : events) {
            String message = String.valueOf(event.values().get(3));
            assertEquals(message.replaceFirst(".* ", "").replaceAll("\\D", ""), String.valueOf(event.threadId()));
        }
    }

    @Test
    void theJdksLoggersStillFindTheirCallers() throws IOException {
        System.LoggerFinder installed = System.LoggerFinder.getLoggerFinder();
        assertNotEquals(TraceLoggerFinder.class, installed.getClass(), "it must not install itself");
        List<String> callers = new ArrayList<>();
        Logger peer = Logger.getLogger("io.github.rseq4j.trace.callers");
        Handler handler = new Handler() {
            @Override
            public void publish(LogRecord record) {
                callers.add(record.getSourceClassName());
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        };
        peer.setUseParentHandlers(false);
        peer.addHandler(handler);
        TraceLoggerFinder onward = new TraceLoggerFinder(installed);
        onward.attach(tracer);
        onward.getLogger(peer.getName(), getClass().getModule()).log(Level.INFO, "{0}", 1);
        peer.removeHandler(handler);
        assertEquals(List.of(getClass().getName()), callers);
        assertEquals(List.of("1"), trace.messages());
    }
}
