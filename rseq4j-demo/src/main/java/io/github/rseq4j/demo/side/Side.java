package io.github.rseq4j.demo.side;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import tools.jackson.core.util.BufferRecycler;
import tools.jackson.core.util.RecyclerPool;

/**
 * The parts of one side of the comparison. The service is the same for all sides; it counts, pools and records by these
 * methods alone. Any thread may call them.
 */
public interface Side extends AutoCloseable {
    /** The upper bounds of the classic buckets at {@code /metrics}, in seconds. */
    List<Double> BOUNDS = List.of(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0);
    /** The name of the counter of requests at {@code /metrics}; its label is {@link #LABEL}. */
    String REQUESTS = "service_requests_total";
    /** The name of the histogram of latencies at {@code /metrics}; its label is {@link #LABEL}. */
    String LATENCY = "service_latency_seconds";
    /** The label whose value is a {@link Kind}. */
    String LABEL = "kind";

    /**
     * Creates the parts of a side.
     *
     * @param kind the side
     * @param folder an empty folder for its files
     * @throws IOException if its recorder cannot be started
     */
    static Side of(Sides kind, Path folder) throws IOException {
        return switch (kind) {
            case RSEQ4J -> new Rseq4jSide(folder);
            case JDK -> new JdkSide();
            case MICROMETER -> new MicrometerSide();
        };
    }

    /**
     * Counts a request and its latency.
     *
     * @param kind its kind
     * @param nanos its latency, in nanoseconds
     */
    void count(Kind kind, long nanos);

    /** Returns the counter of each kind, read from the counters. */
    Map<String, Long> counted();

    /** Returns the number of latencies of each kind, read from the histograms. */
    Map<String, Long> observed();

    /** Returns counters and histograms in the text format of Prometheus. */
    String metrics() throws IOException;

    /** Returns the pool of Jackson's recyclers. */
    RecyclerPool<BufferRecycler> pool();

    /** Returns the number of recyclers that were made so far. */
    long recyclers();

    /** Returns the events of the service. */
    ServiceEvents events();

    /**
     * Writes the content of the recorder.
     *
     * @param target a path where nothing is yet
     * @throws IOException if it cannot be written
     */
    void snapshot(Path target) throws IOException;

    /** Lets the recorder forget the events so far, if that makes the next snapshot smaller. */
    void forget();

    /** Returns the number of events that the recorder could not record. */
    long lost();

    @Override
    void close();
}
