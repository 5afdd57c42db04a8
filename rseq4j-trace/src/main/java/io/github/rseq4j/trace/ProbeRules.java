package io.github.rseq4j.trace;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** Rules that enable and disable probes. The last rule that matches a probe holds, also for a later probe. */
final class ProbeRules {
    private static final String ALL = "*";

    private final List<Rule> rules = new ArrayList<>();

    private record Rule(String pattern, Pattern compiled, boolean isEnabled) {
        boolean matches(Probe probe) {
            return compiled.matcher(probe.name()).matches() || compiled.matcher(probe.providerEvent()).matches();
        }
    }

    /**
     * Adds a rule, and applies it to probes.
     *
     * @param pattern {@code provider:event}, where {@code *} matches any characters; or {@code *}
     * @param isEnabled whether the rule enables or disables
     * @param probes the probes so far
     * @return the number of probes that match
     * @throws IllegalArgumentException if the pattern is malformed
     */
    int add(String pattern, boolean isEnabled, Iterable<Probe> probes) {
        if (!pattern.equals(ALL) && pattern.indexOf(':') < 0) {
            throw new IllegalArgumentException("pattern=" + pattern + ": must be provider:event, provider:* or *");
        }
        StringBuilder expression = new StringBuilder();
        for (String part : pattern.split("\\*", -1)) {
            expression.append(expression.isEmpty() ? "" : ".*").append(Pattern.quote(part));
        }
        Rule rule = new Rule(pattern, Pattern.compile(expression.toString()), isEnabled);
        // A rule replaces earlier rules with the same pattern, so the list is at most as long as there are patterns.
        rules.removeIf(earlier -> pattern.equals(ALL) || earlier.pattern().equals(pattern));
        rules.add(rule);
        int matching = 0;
        for (Probe probe : probes) {
            if (rule.matches(probe)) {
                probe.set(isEnabled);
                matching++;
            }
        }
        return matching;
    }

    /** Applies the rules to a new probe. */
    void apply(Probe probe) {
        for (Rule rule : rules) {
            if (rule.matches(probe)) {
                probe.set(rule.isEnabled());
            }
        }
    }
}
