package io.github.rseq4j.agent.rule;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A rule: which methods, and what is kept of their calls.
 *
 * @param glob the methods: {@code CLASS::METHOD}, {@code CLASS}, {@code CLASS+::METHOD} with subtypes,
 *        {@code @ANNOTATION} or {@code @ANNOTATION::METHOD}
 * @param mode what is kept
 * @param overNanos the duration in nanoseconds above which a call is recorded, or 0 for no such limit
 * @param args whether records hold the arguments and the result
 * @param stack whether records hold the Java stack
 * @param sample n: one call of n is timed or recorded; 1 for all
 * @param limitPerSecond the most records in a second, or 0 for no limit
 * @since 0.1.0
 */
public record Rule(String glob, Mode mode, long overNanos, boolean args, boolean stack, int sample,
        int limitPerSecond) {
    /** The options of a rule, in the order in which a rule prints them. */
    static final List<String> OPTIONS = List.of("method", "mode", "over", "args", "stack", "sample", "limit");

    static final int MAX_PER_SECOND = 1_000_000_000;
    private static final String PER_SECOND = "/s";

    /**
     * Creates a rule.
     *
     * @throws RuleException if the glob is wrong, a number is out of range, or options exclude each other
     */
    public Rule {
        Target.parse(glob);
        if (overNanos < 0 || sample < 1 || limitPerSecond < 0 || limitPerSecond > MAX_PER_SECOND) {
            throw new RuleException("overNanos=" + overNanos + ", sample=" + sample + ", limitPerSecond="
                    + limitPerSecond + ": a number is out of range");
        }
        String wrong = overNanos > 0 ? "over" : args ? "args" : stack ? "stack" : sample > 1 ? "sample" : "";
        if (mode == Mode.COUNT && !wrong.isEmpty()) {
            throw new RuleException(wrong + " does not go with mode=count, which counts all calls and reads no clock"
                    + "; use mode=time or mode=event (method=" + glob + ")");
        }
        wrong = args ? "args" : stack ? "stack" : limitPerSecond > 0 ? "limit" : "";
        if (mode != Mode.EVENT && overNanos == 0 && !wrong.isEmpty()) {
            throw new RuleException(wrong + " is an option of records, and mode=" + mode.spelling()
                    + " makes none; add over=10ms, or use mode=event (method=" + glob + ")");
        }
    }

    /** Tells whether calls are recorded in the trace: all calls, or those above a duration. */
    public boolean isRecording() {
        return mode == Mode.EVENT || overNanos > 0;
    }

    /**
     * Returns the rule of options: {@code method}, {@code mode}, {@code over}, {@code args}, {@code stack},
     * {@code sample}, {@code limit}, with their values as in the agent's options. The mode's default is event if there
     * is {@code over}, otherwise time.
     *
     * @param options values by name; the value of args and of stack is empty
     * @throws RuleException if a name is unknown, a value is wrong, or options exclude each other
     */
    public static Rule of(Map<String, String> options) {
        for (Map.Entry<String, String> each : options.entrySet()) {
            if (!OPTIONS.contains(each.getKey())) {
                throw new RuleException("option=" + each.getKey() + " is unknown: a rule has "
                        + String.join(", ", OPTIONS));
            }
        }
        String glob = options.get("method");
        if (glob == null) {
            throw new RuleException("a rule has no method: it begins with method=GLOB");
        }
        String over = options.get("over");
        String sample = options.get("sample");
        String limit = options.get("limit");
        String mode = options.getOrDefault("mode", over == null ? Mode.TIME.spelling() : Mode.EVENT.spelling());
        return new Rule(glob, Mode.of(mode), over == null ? 0 : AgentText.nanos("over", over), flag(options, "args"),
                flag(options, "stack"),
                sample == null ? 1 : AgentText.number("sample", sample, "", Integer.MAX_VALUE),
                limit == null ? 0 : AgentText.number("limit", limit, PER_SECOND, MAX_PER_SECOND));
    }

    private static boolean flag(Map<String, String> options, String name) {
        String value = options.get(name);
        if (value != null && !value.isEmpty()) {
            throw new RuleException(name + "=" + value + ": " + name + " has no value");
        }
        return value != null;
    }

    /** Returns the rule of an item {@code method=GLOB,mode=time,...}. */
    static Rule parse(String item) {
        Map<String, String> options = new LinkedHashMap<>();
        for (String option : AgentText.split(item, ',')) {
            String name = AgentText.name(option);
            if (options.put(name, AgentText.value(option)) != null) {
                throw new RuleException("option=" + name + " is given twice in " + item
                        + (name.equals("method") ? "; rules are separated by semicolons" : ""));
            }
        }
        return of(options);
    }

    /** Returns the rule as an item of the agent's options, which {@link RuleSet#parse} reads. */
    @Override
    public String toString() {
        return AgentText.item("method", glob) + ",mode=" + mode.spelling()
                + (overNanos > 0 ? ",over=" + AgentText.duration(overNanos) : "") + (args ? ",args" : "")
                + (stack ? ",stack" : "") + (sample > 1 ? ",sample=" + sample : "")
                + (limitPerSecond > 0 ? ",limit=" + limitPerSecond + PER_SECOND : "");
    }
}
