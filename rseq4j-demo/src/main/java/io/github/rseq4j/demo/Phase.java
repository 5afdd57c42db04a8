package io.github.rseq4j.demo;

/** The two loads of a contest. All turns of one come before those of the next. */
enum Phase {
    /** Clients that send as fast as they are answered. */
    CAPACITY("capacity"),
    /** Documents that arrive by a schedule, which is the same for all sides. */
    LATENCY("latency");

    private final String title;

    Phase(String title) {
        this.title = title;
    }

    /** Returns the phase's name for the user. */
    String title() {
        return title;
    }
}
