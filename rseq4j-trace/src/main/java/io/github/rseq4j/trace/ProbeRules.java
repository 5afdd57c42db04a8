package io.github.rseq4j.trace;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** Which probes are enabled: what was said last of a probe holds, also of one that is made later. */
final class ProbeRules {
    private static final String ALL = "*";

    private final List<Rule> rules = new ArrayList<>();

    private record Rule(String pattern, Pattern compiled, boolean isEnabled) {
        boolean matches(Probe probe) {
            return compiled.matcher(probe.name()).matches() || compiled.matcher(probe.providerEvent()).matches();
        }
    }

    /**
     * Adds a rule, and switches the probes that it is for.
     *
     * @param pattern {@code provider:event}, in which {@code *} stands for any characters; or {@code *}
     * @param isEnabled what they are to be
     * @param probes those that there are
     * @return how many of them it is for
     * @throws IllegalArgumentException when there is no such pattern
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
        // What it says again, or otherwise, need not be kept: so the list is no longer than the patterns are many.
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

    /** Switches a probe that is new. */
    void apply(Probe probe) {
        for (Rule rule : rules) {
            if (rule.matches(probe)) {
                probe.set(rule.isEnabled());
            }
        }
    }
}
