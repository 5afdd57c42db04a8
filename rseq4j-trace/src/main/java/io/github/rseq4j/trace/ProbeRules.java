package io.github.rseq4j.trace;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** Rules that enable, disable and limit probes. The last rule of a kind that matches a probe holds, also later. */
final class ProbeRules {
    private static final String ALL = "*";

    private final List<Rule> rules = new ArrayList<>();

    /** The property of a probe that a rule sets. */
    enum Kind {
        /** Whether the probe is enabled: 0 or 1. */
        ENABLED,
        /** The number of calls of which one is recorded. */
        ONE_IN,
        /** The number of calls that are recorded each second; 0 for all. */
        PER_SECOND;

        void set(Probe probe, int value) {
            switch (this) {
                case ENABLED -> probe.set(value != 0);
                case ONE_IN -> probe.limit(value, probe.gate().perSecond());
                case PER_SECOND -> probe.limit(probe.gate().oneIn(), value);
            }
        }
    }

    private record Rule(String pattern, Pattern compiled, Kind kind, int value) {
        boolean matches(Probe probe) {
            return compiled.matcher(probe.name()).matches() || compiled.matcher(probe.providerEvent()).matches();
        }
    }

    /**
     * Adds a rule, and applies it to probes.
     *
     * @param pattern {@code provider:event}, where {@code *} matches any characters; or {@code *}
     * @param kind the property that the rule sets
     * @param value the value of the property
     * @param probes the probes so far
     * @return the number of probes that match
     * @throws IllegalArgumentException if the pattern is malformed
     */
    int add(String pattern, Kind kind, int value, Iterable<Probe> probes) {
        if (!pattern.equals(ALL) && pattern.indexOf(':') < 0) {
            throw new IllegalArgumentException("pattern=" + pattern + ": must be provider:event, provider:* or *");
        }
        Rule rule = new Rule(pattern, compiled(pattern), kind, value);
        // A rule replaces earlier rules with the same pattern, so the list is at most as long as there are patterns.
        rules.removeIf(earlier -> earlier.kind() == kind && (pattern.equals(ALL) || earlier.pattern().equals(pattern)));
        rules.add(rule);
        int matching = 0;
        for (Probe probe : probes) {
            if (rule.matches(probe)) {
                kind.set(probe, value);
                matching++;
            }
        }
        return matching;
    }

    /** Returns a pattern of names as a regular expression. */
    static Pattern compiled(String pattern) {
        StringBuilder expression = new StringBuilder();
        for (String part : pattern.split("\\*", -1)) {
            expression.append(expression.isEmpty() ? "" : ".*").append(Pattern.quote(part));
        }
        return Pattern.compile(expression.toString());
    }

    /** Applies the rules to a new probe. */
    void apply(Probe probe) {
        for (Rule rule : rules) {
            if (rule.matches(probe)) {
                rule.kind().set(probe, rule.value());
            }
        }
    }
}
