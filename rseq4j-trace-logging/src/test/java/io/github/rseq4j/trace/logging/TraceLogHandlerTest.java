package io.github.rseq4j.trace.logging;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.trace.Tracer;
import io.github.rseq4j.trace.ctf.TraceEvent;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.ListResourceBundle;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.logging.ErrorManager;
import java.util.logging.Formatter;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The trace contains the messages of java.util.logging, and the program sees no failure. */
final class TraceLogHandlerTest {

    @TempDir
    private Path folder = Path.of("");
    private final Reports reports = new Reports();
    private final Logger logger = Logger.getAnonymousLogger();
    private LoggedTrace trace;
    private Tracer tracer;
    private TraceLogHandler handler;

    /** Keeps the failures that the handler reports. */
    private static final class Reports extends ErrorManager {
        private final List<String> all = new ArrayList<>();
        private Runnable then = () -> {};

        @Override
        public synchronized void error(String message, Exception failure, int code) {
            all.add(code + " " + failure.getClass().getSimpleName());
            then.run();
        }
    }

    /** A parameter whose text is made by foreign code, which has side effects. */
    private static final class Asked {
        private final Runnable onAsked;
        private int times;

        Asked(Runnable onAsked) {
            this.onAsked = onAsked;
        }

        @Override
        public String toString() {
            times++;
            onAsked.run();
            return "asked";
        }
    }

    /** An exception whose message is made by foreign code. */
    private static final class Worded extends RuntimeException {
        private static final long serialVersionUID = 1L;
        private final transient Runnable onAsked;

        Worded(Runnable onAsked) {
            this.onAsked = onAsked;
        }

        @Override
        public String getMessage() {
            onAsked.run();
            return "words";
        }
    }

    /** A level that java.util.logging does not define. */
    private static final class Between extends Level {
        private static final long serialVersionUID = 1L;

        Between(String name, int value) {
            super(name, value);
        }
    }

    @BeforeEach
    void attach() throws IOException {
        trace = LoggedTrace.start(folder.resolve("trace"));
        tracer = trace.tracer();
        handler = new TraceLogHandler(tracer);
        handler.setErrorManager(reports);
        logger.setUseParentHandlers(false);
        logger.setLevel(Level.ALL);
        logger.addHandler(handler);
    }

    @AfterEach
    void close() {
        tracer.close();
    }

    @Test
    void recordsEachLevelAsAnEvent() throws IOException {
        for (Level level : List.of(Level.SEVERE, Level.WARNING, Level.INFO, Level.CONFIG, Level.FINE, Level.FINER,
                Level.FINEST, new Between("AUDIT", 950), new Between("SILLY", 299), Level.OFF, Level.ALL)) {
            LogRecord record = new LogRecord(level, "m");
            record.setLoggerName("a.b");
            handler.publish(record);
        }
        assertEquals(List.of("jul:severe[1000, SEVERE, a.b, m, null]", "jul:warning[900, WARNING, a.b, m, null]",
                "jul:info[800, INFO, a.b, m, null]", "jul:config[700, CONFIG, a.b, m, null]",
                "jul:fine[500, FINE, a.b, m, null]", "jul:finer[400, FINER, a.b, m, null]",
                "jul:finest[300, FINEST, a.b, m, null]", "jul:warning[950, AUDIT, a.b, m, null]",
                "jul:finest[299, SILLY, a.b, m, null]", "jul:severe[2147483647, OFF, a.b, m, null]",
                "jul:finest[-2147483648, ALL, a.b, m, null]"), trace.texts());
        assertEquals(List.of("config DEBUG_SYSTEM", "fine DEBUG_PROGRAM", "finer DEBUG_FUNCTION", "finest DEBUG",
                "info INFO", "severe ERR", "warning WARNING"), LoggedTrace.levels(folder.resolve("trace")));
    }

    @Test
    void formatsMessagesLikeOtherHandlers() throws IOException {
        logger.log(Level.INFO, "{0} of {1}, it''s", new Object[] {1, "two"});
        logger.log(Level.INFO, "it''s {} {", "no place");
        logger.log(Level.INFO, "{0}");
        logger.log(Level.INFO, "{0", 1);
        logger.log(Level.INFO, "{0}", (Object) null);
        logger.log(Level.INFO, "gr\u00fc\u00df {0}", "\ud83d\ude00");
        LogRecord localized = new LogRecord(Level.INFO, "key");
        localized.setResourceBundle(new ListResourceBundle() {
            @Override
            protected Object[][] getContents() {
                return new Object[][] {{"key", "found {0}"}};
            }
        });
        localized.setParameters(new Object[] {7});
        handler.publish(localized);
        localized.setParameters(null);
        handler.publish(localized);
        localized.setMessage("no key");
        handler.publish(localized);
        assertEquals(List.of("1 of two, it's", "it''s {} {", "{0}", "{0", "null", "gr\u00fc\u00df \ud83d\ude00",
                "found 7", "found {0}", "no key"), trace.messages());
    }

    @Test
    void usesTheFormatterOfTheProgram() throws IOException {
        handler.setFormatter(new Formatter() {
            @Override
            public String format(LogRecord record) {
                return "not asked";
            }

            @Override
            public String formatMessage(LogRecord record) {
                if (Objects.equals(record.getMessage(), "fail")) {
                    throw new UnsupportedOperationException();
                }
                return "<" + record.getMessage() + ">";
            }
        });
        logger.info("one");
        logger.info("fail");
        assertEquals(List.of("<one>", "fail"), trace.messages());
        assertEquals(List.of(ErrorManager.FORMAT_FAILURE + " UnsupportedOperationException"), reports.all);
    }

    @Test
    void recordsMissingPartsAsNull() throws IOException {
        handler.publish(null);
        handler.publish(new LogRecord(Level.INFO, null));
        LogRecord record = new LogRecord(Level.INFO, null);
        record.setParameters(new Object[] {1});
        handler.publish(record);
        record.setResourceBundle(new ListResourceBundle() {
            @Override
            protected Object[][] getContents() {
                return new Object[0][];
            }
        });
        handler.publish(record);
        assertEquals(List.of("jul:info[800, INFO, null, null, null]", "jul:info[800, INFO, null, null, null]",
                "jul:info[800, INFO, null, null, null]"), trace.texts());
        assertEquals(List.of("3 NullPointerException"), reports.all.stream()
                .map(each -> each.replaceFirst("^" + ErrorManager.FORMAT_FAILURE, "3")).toList());
        assertFalse(handler.isLoggable(null));
    }

    @Test
    void recordsTheTextOfAnException() throws IOException {
        logger.log(Level.SEVERE, "failed", new IllegalStateException("late"));
        logger.log(Level.SEVERE, "failed", new Worded(() -> Objects.requireNonNull(null)));
        assertEquals(List.of("jul:severe[1000, SEVERE, null, failed, java.lang.IllegalStateException: late]",
                "jul:severe[1000, SEVERE, null, failed, " + Worded.class.getName() + "]"), trace.texts());
    }

    @Test
    void recordsTheUnformattedMessageWhenAParameterThrows() throws IOException {
        logger.log(Level.INFO, "a {0}", new Asked(() -> Objects.requireNonNull(null)));
        logger.log(Level.INFO, "b {0}", new Asked(() -> {
            throw new AssertionError("an Error");
        }));
        assertEquals(List.of("a {0}", "b {0}"), trace.messages());
        assertEquals(0, tracer.stats().lost());
    }

    @Test
    void formatsOnlyRecordedMessages() throws IOException {
        Asked asked = new Asked(() -> {});
        tracer.disable("jul:info");
        logger.log(Level.INFO, "{0}", asked);
        assertFalse(handler.isLoggable(new LogRecord(Level.INFO, "")));
        assertTrue(handler.isLoggable(new LogRecord(Level.FINE, "")));
        tracer.enable("jul:*");
        handler.setLevel(Level.WARNING);
        logger.log(Level.INFO, "{0}", asked);
        handler.setFilter(record -> record.getLevel().equals(Level.SEVERE));
        logger.log(Level.WARNING, "{0}", asked);
        assertEquals(0, asked.times);
        logger.log(Level.SEVERE, "{0}", asked);
        assertEquals(1, asked.times);
        assertEquals(List.of("jul:severe[1000, SEVERE, null, asked, null]"), trace.texts());
    }

    @Test
    void doesNotFormatMessagesThatAreLoggedWhileFormatting() throws IOException {
        Asked asked = new Asked(() -> {});
        Asked again = new Asked(() -> logger.log(Level.FINE, "inner {0}", asked));
        logger.log(Level.INFO, "outer {0}", again);
        logger.log(Level.INFO, "after {0}", asked);
        Worded inner = new Worded(() -> {});
        logger.log(Level.INFO, "thrown", new Worded(() -> logger.log(Level.FINE, "inner", inner)));
        assertEquals(List.of("jul:fine[500, FINE, null, inner {0}, null]",
                "jul:info[800, INFO, null, outer asked, null]", "jul:info[800, INFO, null, after asked, null]",
                "jul:fine[500, FINE, null, inner, " + Worded.class.getName() + "]",
                "jul:info[800, INFO, null, thrown, " + Worded.class.getName() + ": words]"), trace.texts());
        assertEquals(1, asked.times);
    }

    @Test
    void countsFailuresAndReportsTheFirst() throws IOException {
        // An ErrorManager that logs: its own message fails, too, and is not reported again.
        reports.then = () -> logger.info("told");
        handler.setFilter(_ -> {
            throw new IllegalStateException("no filter");
        });
        logger.info("filtered");
        assertEquals(List.of(ErrorManager.WRITE_FAILURE + " IllegalStateException"), reports.all);
        assertEquals(2, tracer.stats().lost());
        reports.then = () -> {
            throw new AssertionError("an Error");
        };
        handler.setFilter(_ -> {
            throw new AssertionError("an Error");
        });
        logger.info("filtered");
        assertEquals(3, tracer.stats().lost());
        handler.setFilter(null);
        logger.info("after");
        assertEquals(List.of("after"), trace.messages());
    }

    @Test
    void threadsLogConcurrently() throws Exception {
        int threads = 200;
        int records = 50;
        try (ExecutorService virtual = Executors.newVirtualThreadPerTaskExecutor();
                ExecutorService platform = Executors.newFixedThreadPool(4)) {
            List<Future<?>> running = new ArrayList<>();
            for (int i = 0; i < threads; i++) {
                int number = i;
                running.add((i % 2 == 0 ? virtual : platform).submit(() -> {
                    for (int j = 0; j < records; j++) {
                        logger.log(Level.INFO, "{0} {1}", new Object[] {String.valueOf(number),
                                Thread.currentThread().threadId()});
                    }
                }));
            }
            for (Future<?> each : running) {
                each.get();
            }
        }
        List<TraceEvent> events = trace.recorded();
        assertEquals(threads * records, events.size());
        int[] count = new int[threads];
        for (TraceEvent event : events) {
            String[] words = String.valueOf(event.values().get(3)).split(" ", -1);
            count[Integer.parseInt(words[0])]++;
            assertEquals(words[1].replaceAll("\\D", ""), String.valueOf(event.threadId()));
        }
        for (int each : count) {
            assertEquals(records, each);
        }
    }

    /** Deletes a folder, to which a tracer may write meanwhile. */
    private static void delete(Path gone) throws IOException {
        for (int tries = 0; Files.exists(gone); tries++) {
            try (Stream<Path> files = Files.walk(gone)) {
                for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.deleteIfExists(file);
                }
            } catch (DirectoryNotEmptyException | UncheckedIOException e) {
                assertTrue(tries < 1000, e::toString);
            }
        }
    }

    @Test
    void flushWritesOrReportsTheFailure() throws IOException {
        logger.info("one");
        handler.flush();
        assertEquals(1, LoggedTrace.events(folder.resolve("trace")).size());
        assertEquals(List.of(), reports.all);
        Path gone = folder.resolve("gone");
        try (Tracer other = Tracer.streaming(gone, LoggedTrace.LARGE)) {
            TraceLogHandler without = new TraceLogHandler(other);
            without.setErrorManager(reports);
            without.publish(new LogRecord(Level.INFO, "nowhere to go"));
            delete(gone);
            without.flush();
            assertEquals(List.of(ErrorManager.FLUSH_FAILURE + " IOException"), reports.all);
        }
    }

    @Test
    void closingAHandlerKeepsTheTracerOpen() throws IOException {
        TraceLogHandler second = new TraceLogHandler(tracer);
        logger.addHandler(second);
        logger.info("both");
        handler.close();
        handler.close();
        logger.info("one");
        assertEquals(List.of("both", "both", "one"), trace.messages());
        tracer.close();
        logger.info("none");
        handler.flush();
        second.flush();
        assertEquals(List.of(), reports.all);
        assertEquals(3, LoggedTrace.events(folder.resolve("trace")).size());
        assertEquals(0, tracer.stats().lost());
    }
}
