package io.github.rseq4j.bench.trace;

import io.github.rseq4j.bench.Folders;
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
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** An event, a span and a text of each {@link Peer}, in memory or to nowhere. PeersReport runs them in turns. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 3, jvmArgsAppend = "--enable-native-access=ALL-UNNAMED")
public class PeerBenchmark {
    private long number;

    /** Creates the state of a thread. */
    public PeerBenchmark() {}

    /** A peer that records. */
    @State(Scope.Benchmark)
    public static class Recorder {
        /** The name of the peer. async-profiler has no event with longs. */
        @Param({"rseq4j", "rseq4j-unordered", "jfr", "async-profiler", "opentelemetry", "log4j"})
        public String peer = "rseq4j";

        private Path folder = Path.of("");
        private Peer recording = notStarted();

        /** Creates a recorder that is not started. */
        public Recorder() {}

        @SuppressWarnings("NullAway") // JMH calls start() first.
        private static Peer notStarted() {
            return null;
        }

        /**
         * Starts the peer.
         *
         * @throws IOException if it refuses
         */
        @Setup
        public void start() throws IOException {
            folder = Files.createTempDirectory("rseq4j-peer");
            recording = Peer.of(peer);
            recording.start(folder, false);
        }

        /**
         * Ends recording. Fails if nothing was recorded.
         *
         * @throws IOException if a file cannot be read or removed
         * @throws InterruptedException if this thread is interrupted
         */
        @TearDown
        public void stop() throws IOException, InterruptedException {
            try {
                recording.stop();
            } finally {
                Folders.delete(folder);
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
        recorder.recording.longs(number, -number);
    }

    /**
     * Records a begin and an end.
     *
     * @param recorder the recorder
     */
    @Benchmark
    public void span(Recorder recorder) {
        number++;
        recorder.recording.span(number);
    }

    /**
     * Records a text of 32 characters.
     *
     * @param recorder the recorder
     */
    @Benchmark
    public void text(Recorder recorder) {
        recorder.recording.text(Peer.TEXT);
    }
}
