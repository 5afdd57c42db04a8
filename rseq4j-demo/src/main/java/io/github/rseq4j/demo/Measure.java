package io.github.rseq4j.demo;

import java.util.Locale;
import java.util.function.ToDoubleFunction;

/** The figures that the table compares, one for each turn. */
enum Measure {
    /** Requests a second. */
    RATE(Phase.CAPACITY, "requests a second", true, "%,.0f",
            turn -> turn.load().requests() / (turn.load().nanos() / 1e9)),
    /** The median latency. */
    P50(Phase.LATENCY, "p50, ms", false, "%,.2f", turn -> turn.load().latency().getValueAtPercentile(50) / 1e6),
    /** The 99th percentile. */
    P99(Phase.LATENCY, "p99, ms", false, "%,.2f", turn -> turn.load().latency().getValueAtPercentile(99) / 1e6),
    /** The 99.9th percentile. */
    P999(Phase.LATENCY, "p99.9, ms", false, "%,.2f", turn -> turn.load().latency().getValueAtPercentile(99.9) / 1e6),
    /** CPU time of the service's process. */
    CPU(Phase.LATENCY, "CPU a request, us", false, "%,.1f",
            turn -> (turn.after().cpuNanos() - turn.before().cpuNanos()) / 1e3 / turn.load().requests()),
    /** Allocation of the service's process. */
    ALLOCATED(Phase.LATENCY, "bytes allocated a request", false, "%,.0f",
            turn -> (double) (turn.after().allocatedBytes() - turn.before().allocatedBytes()) / turn.load().requests()),
    /** Recyclers of Jackson. */
    RECYCLERS(Phase.LATENCY, "recyclers made, a turn", false, "%,.0f",
            turn -> turn.after().recyclers() - turn.before().recyclers()),
    /** Events in the recorder. */
    EVENTS(Phase.LATENCY, "events recorded a request", true, "%,.2f",
            turn -> (double) turn.held().events() / Math.max(1, turn.held().requests()));

    private final Phase phase;
    private final String title;
    private final boolean isMoreBetter;
    private final String format;
    private final ToDoubleFunction<Turn> value;

    Measure(Phase phase, String title, boolean isMoreBetter, String format, ToDoubleFunction<Turn> value) {
        this.phase = phase;
        this.title = title;
        this.isMoreBetter = isMoreBetter;
        this.format = format;
        this.value = value;
    }

    /** Returns the phase whose turns it is taken from. */
    Phase phase() {
        return phase;
    }

    String title() {
        return title;
    }

    boolean isMoreBetter() {
        return isMoreBetter;
    }

    double of(Turn turn) {
        return value.applyAsDouble(turn);
    }

    String text(double number) {
        return String.format(Locale.ROOT, format, number);
    }
}
