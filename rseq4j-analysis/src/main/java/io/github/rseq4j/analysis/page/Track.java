package io.github.rseq4j.analysis.page;

/** A thread whose marks have a lane of their own, or a group of threads that share one. */
public final class Track {
    /** The kinds of tracks. */
    public enum Kind {
        /** A platform thread, or a thread of the kernel. */
        THREAD,
        /** All virtual threads. */
        VIRTUAL,
        /** The JVM itself: collections and safepoints. */
        JVM,
        /** The threads for which there is no lane. */
        OTHERS
    }

    final String name;
    final Kind kind;
    /** The time of the outermost spans, and the number of marks. */
    double nanos;
    long count;

    /**
     * Creates a track.
     *
     * @param name the label of its lane
     * @param kind its kind
     */
    public Track(String name, Kind kind) {
        this.name = name;
        this.kind = kind;
    }
}
