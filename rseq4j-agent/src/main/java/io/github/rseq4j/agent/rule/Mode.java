package io.github.rseq4j.agent.rule;

import java.util.Locale;

/** The data that is kept of the calls of a method. */
public enum Mode {
    /** A count of the calls. */
    COUNT,
    /** A count of the calls, their total time, and a histogram of their durations. */
    TIME,
    /** A record of each call in the trace. */
    EVENT;

    /** Returns the name in options: count, time or event. */
    public String spelling() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Returns the mode of a spelling. */
    static Mode of(String spelling) {
        for (Mode mode : values()) {
            if (mode.spelling().equals(spelling)) {
                return mode;
            }
        }
        throw new RuleException("mode=" + spelling + " is unknown: a mode is count, time or event");
    }
}
