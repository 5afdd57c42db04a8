package io.github.rseq4j.demo.side;

/** The sides that the demo compares. */
public enum Sides {
    /** Per-CPU structures and the tracer. */
    RSEQ4J("rseq4j", "CounterCollector and HistogramCollector, PerCpuRecyclerPool, Tracer.flightRecorder"),
    /** The parts of the JDK and of the libraries that its users add to it. */
    JDK("JDK", "LongAdder and HdrHistogram's Recorder, Jackson's ConcurrentDequePool, JFR"),
    /** The parts of a framework. */
    MICROMETER("Micrometer", "Micrometer's Counter and Timer, Jackson's ThreadLocalPool, JFR");

    private final String title;
    private final String parts;

    Sides(String title, String parts) {
        this.title = title;
        this.parts = parts;
    }

    /** Returns the side's name in tables. */
    public String title() {
        return title;
    }

    /** Returns its counters and histograms, its pool and its recorder. */
    public String parts() {
        return parts;
    }
}
