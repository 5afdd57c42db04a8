package io.github.rseq4j.bench.trace;

import io.github.rseq4j.bench.Empty;
import io.github.rseq4j.bench.Folders;
import io.github.rseq4j.trace.Tracer;
import io.github.rseq4j.trace.TracerOptions;
import io.github.rseq4j.trace.logging.TraceLogHandler;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;
import java.util.logging.StreamHandler;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Handlers of java.util.logging, and the clocks. PeersReport runs these and other peers in turns.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 3, jvmArgsAppend = "--enable-native-access=ALL-UNNAMED")
public class TracePeersBenchmark {
    /** The name of the logger whose records LTTng records. */
    public static final String LOGGER = "rseq4j.peer";

    private long number;

    /** Creates the state of a thread. */
    public TracePeersBenchmark() {}

    /** A logger with one handler. */
    @State(Scope.Benchmark)
    public static class Log {
        /**
         * The handler: it does nothing, formats to a stream without a target, records to rseq4j's flight recorder, or
         * passes the record to LTTng.
         */
        @Param({"silent", "stream", "rseq4j"})
        public String handler = "silent";

        private final Logger logger = Logger.getLogger(LOGGER);
        private Handler own = new Silent();
        private @Nullable Recorder recorder;

        /** Creates the logger. */
        public Log() {}

        /**
         * Adds the handler.
         *
         * @throws ReflectiveOperationException if LTTng's agent is not in the class path, or does not start
         * @throws IOException if a trace cannot be made
         */
        @Setup
        public void add() throws ReflectiveOperationException, IOException {
            own = switch (handler) {
                case "rseq4j" -> {
                    recorder = new Recorder();
                    yield recorder.handler();
                }
                case "stream" -> new StreamHandler(OutputStream.nullOutputStream(), new SimpleFormatter());
                case "lttng" -> Class.forName("org.lttng.ust.agent.jul.LttngLogHandler")
                        .asSubclass(Handler.class).getConstructor().newInstance();
                default -> new Silent();
            };
            logger.setUseParentHandlers(false);
            logger.setLevel(Level.ALL);
            logger.addHandler(own);
        }

        /**
         * Removes the handler, and fails if rseq4j's handler did not record.
         *
         * @throws IOException if the trace cannot be read
         */
        @TearDown
        public void remove() throws IOException {
            logger.removeHandler(own);
            own.close();
            if (recorder != null) {
                recorder.close();
            }
        }
    }

    /** A flight recorder with a handler. */
    private static final class Recorder {
        private final Path folder = Files.createTempDirectory("rseq4j-trace");
        private final Tracer tracer = Tracer.flightRecorder(folder.resolve("trace"), TracerOptions.defaults());

        Recorder() throws IOException {}

        Handler handler() {
            return new TraceLogHandler(tracer);
        }

        void close() throws IOException {
            Path snapshot = folder.resolve("snapshot");
            tracer.snapshot(snapshot);
            tracer.close();
            try {
                TracerPeer.requireEvents(tracer.stats(), snapshot);
            } finally {
                Folders.delete(folder);
            }
        }
    }

    /** A handler that does nothing, to measure the logger. */
    private static final class Silent extends Handler {
        @Override
        public void publish(LogRecord logRecord) {}

        @Override
        public void flush() {}

        @Override
        public void close() {}
    }

    /** {@return the result of an empty critical downcall} */
    @Benchmark
    public long empty() {
        return Empty.call(number, number);
    }

    /** {@return the time stamp counter} */
    @Benchmark
    public long timestamp() {
        return Timestamp.read();
    }

    /** {@return the time of the JDK's clock} */
    @Benchmark
    public long nanoTime() {
        return System.nanoTime();
    }

    /**
     * Logs a text.
     *
     * @param log the logger
     */
    @Benchmark
    public void log(Log log) {
        log.logger.log(Level.INFO, Peer.TEXT);
    }
}
