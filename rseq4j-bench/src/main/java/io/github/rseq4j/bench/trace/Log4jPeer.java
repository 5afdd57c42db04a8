package io.github.rseq4j.bench.trace;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.apache.logging.log4j.Level;
import org.apache.logging.log4j.Logger;
import org.apache.logging.log4j.core.appender.CountingNoOpAppender;
import org.apache.logging.log4j.core.async.AsyncLoggerContext;
import org.apache.logging.log4j.core.config.Configuration;
import org.apache.logging.log4j.core.config.builder.api.AppenderComponentBuilder;
import org.apache.logging.log4j.core.config.builder.api.ConfigurationBuilder;
import org.apache.logging.log4j.core.config.builder.api.ConfigurationBuilderFactory;
import org.apache.logging.log4j.core.config.builder.impl.BuiltConfiguration;
import org.apache.logging.log4j.status.StatusLogger;
import org.apache.logging.log4j.util.Unbox;
import org.jspecify.annotations.Nullable;

/**
 * Log4j's asynchronous loggers, with their defaults: a ring of LMAX's disruptor, and a thread that passes messages to
 * an appender. A logging thread waits while the ring is full. The appender drops messages, or formats them to a file.
 */
final class Log4jPeer implements Peer {
    private static final String APPENDER = "target";
    private static final int BLOCK_BYTES = 1 << 20;

    private @Nullable AsyncLoggerContext context;
    /** Another logger until start. */
    private Logger logger = StatusLogger.getLogger();
    private Path file = Path.of("");
    private boolean isToFile;

    @Override
    public String title() {
        return "Log4j, asynchronous loggers";
    }

    @Override
    public void start(Path folder, boolean isToFiles) {
        file = folder.resolve("log.txt");
        isToFile = isToFiles;
        ConfigurationBuilder<BuiltConfiguration> builder = ConfigurationBuilderFactory.newConfigurationBuilder();
        AppenderComponentBuilder appender = isToFiles
                ? builder.newAppender(APPENDER, "RandomAccessFile").addAttribute("fileName", file.toString())
                        .addAttribute("immediateFlush", false)
                        .add(builder.newLayout("PatternLayout").addAttribute("pattern", "%d %t %m%n"))
                : builder.newAppender(APPENDER, "CountingNoOp");
        Configuration configuration = builder.add(appender).add(
                builder.newRootLogger(Level.INFO).add(builder.newAppenderRef(APPENDER))).build(false);
        AsyncLoggerContext started = new AsyncLoggerContext("rseq4j");
        started.start(configuration);
        logger = started.getLogger("rseq4j");
        context = started;
    }

    @Override
    public void longs(long a, long b) {
        logger.info("longs {} {}", Unbox.box(a), Unbox.box(b));
    }

    @Override
    public void span(long id) {
        logger.info("begin {}", Unbox.box(id));
        logger.info("end");
    }

    @Override
    public void text(String text) {
        logger.info(text);
    }

    @Override
    public String consumer() {
        return "Log4j2";
    }

    @Override
    public void stop() throws IOException {
        AsyncLoggerContext started = Objects.requireNonNull(context);
        CountingNoOpAppender counting = isToFile ? null
                : Objects.requireNonNull(started.getConfiguration().<CountingNoOpAppender>getAppender(APPENDER));
        started.stop();
        if (counting == null ? Files.size(file) == 0 : counting.getCount() == 0) {
            throw new IllegalStateException("Log4j has recorded nothing");
        }
    }

    @Override
    public long arrived(Kind kind, long emitted) throws IOException {
        long lines = 0;
        try (InputStream in = new BufferedInputStream(Files.newInputStream(file), BLOCK_BYTES)) {
            byte[] block = new byte[BLOCK_BYTES];
            for (int read = in.read(block); read > 0; read = in.read(block)) {
                for (int i = 0; i < read; i++) {
                    lines += block[i] == '\n' ? 1 : 0;
                }
            }
        }
        return kind == Kind.SPAN ? lines / 2 : lines;
    }
}
