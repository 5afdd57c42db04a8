package io.github.rseq4j.bench.suite;

import com.fasterxml.jackson.annotation.JsonProperty;

/** Whether a goal is met. */
enum Verdict {
    /** The whole interval is within the goal. */
    @JsonProperty("met")
    MET("met"),
    /** The whole interval is outside. */
    @JsonProperty("not met")
    NOT_MET("not met"),
    /** The interval contains the goal, or a row has one value. More rounds or a quieter machine can decide. */
    @JsonProperty("undecided")
    UNDECIDED("undecided"),
    /** A row was not measured. */
    @JsonProperty("not measured")
    NOT_MEASURED("not measured");

    private final String text;

    Verdict(String text) {
        this.text = text;
    }

    /** Returns the verdict on what is taken beyond the most that is allowed. */
    static Verdict of(Interval beyond) {
        if (beyond.high() <= 0) {
            return MET;
        }
        return beyond.low() > 0 ? NOT_MET : UNDECIDED;
    }

    /** {@return the verdict in words} */
    @Override
    public String toString() {
        return text;
    }
}
