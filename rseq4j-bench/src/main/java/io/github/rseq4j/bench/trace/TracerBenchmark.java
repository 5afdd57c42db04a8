package io.github.rseq4j.bench.trace;

import io.github.rseq4j.bench.Folders;
import io.github.rseq4j.trace.Tracer;
import io.github.rseq4j.trace.TracerOptions;
import io.github.rseq4j.trace.TracerStats;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** Events of a flight recorder. {@link TracePeersBenchmark} has the peers. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 3, jvmArgsAppend = "--enable-native-access=ALL-UNNAMED")
public class TracerBenchmark {
    private static final String TEXT = "0123456789abcdef0123456789abcdef";

    private long number;

    /** Creates the state of a thread. */
    public TracerBenchmark() {}

    /** The events. */
    public interface Events {
        /**
         * An event with two longs.
         *
         * @param a the first field
         * @param b the second field
         */
        void longs(long a, long b);

        /**
         * An event with a text.
         *
         * @param text the text
         */
        void text(String text);

        /**
         * A disabled event.
         *
         * @param a the field
         */
        void disabled(long a);
    }

    /** A flight recorder. */
    @State(Scope.Benchmark)
    public static class Recorder {
        private Path folder = Path.of("");
        private Tracer tracer = closed();
        private Events events = new Events() {
            @Override
            public void longs(long a, long b) {}

            @Override
            public void text(String text) {}

            @Override
            public void disabled(long a) {}
        };

        /** Creates a recorder that is not started. */
        public Recorder() {}

        @SuppressWarnings("NullAway") // JMH calls start() first.
        private static Tracer closed() {
            return null;
        }

        /**
         * Starts the recorder.
         *
         * @throws IOException if the tracer cannot be started
         */
        @Setup
        public void start() throws IOException {
            folder = Files.createTempDirectory("rseq4j-tracer");
            tracer = Tracer.flightRecorder(folder.resolve("recorder"), TracerOptions.defaults());
            events = tracer.probes(Events.class);
            tracer.disable("events:disabled");
        }

        /**
         * Closes the recorder. Fails if events were lost.
         *
         * @throws IOException if its files cannot be removed
         */
        @TearDown
        public void stop() throws IOException {
            TracerStats stats = tracer.stats();
            tracer.close();
            Folders.delete(folder);
            if (stats.lost() > 0 || stats.discarded() > 0 || stats.failures() > 0) {
                throw new IllegalStateException(stats.toString());
            }
        }
    }

    /**
     * Records two longs.
     *
     * @param recorder the recorder
     */
    @Benchmark
    public void longs(Recorder recorder) {
        number++;
        recorder.events.longs(number, -number);
    }

    /**
     * Records a text of 32 characters.
     *
     * @param recorder the recorder
     */
    @Benchmark
    public void text(Recorder recorder) {
        recorder.events.text(TEXT);
    }

    /**
     * Calls a disabled event.
     *
     * @param recorder the recorder
     */
    @Benchmark
    public void disabled(Recorder recorder) {
        recorder.events.disabled(number);
    }

    /** {@return a field: the cost of calling a method of this benchmark} */
    @Benchmark
    public long nothing() {
        return number;
    }
}
