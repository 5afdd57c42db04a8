package io.github.rseq4j.agent.rule;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The options of the agent that belong to no rule.
 *
 * @param trace the folder to which events are streamed, or null
 * @param snapshot the folder to which the flight recorder is written after the first call over a limit, or null
 * @param snapshotsPerMinute the most snapshots in a minute
 * @param jfr whether a snapshot also has the JVM's events of its time
 * @param dryRun whether the agent only lists what would match
 * @param detach whether the agent removes its instrumentation
 * @param answer the file to which the agent writes its answer to an attaching command, or null
 * @since 0.1.0
 */
public record AgentOptions(@Nullable Path trace, @Nullable Path snapshot, int snapshotsPerMinute, boolean jfr,
        boolean dryRun, boolean detach, @Nullable Path answer) {
    /** The names of the options, in the order in which they are printed. */
    static final List<String> OPTIONS = List.of("answer", "trace", "snapshot", "snapshots", "jfr", "dry-run",
            "detach");
    /** The most snapshots in a minute, if no number is given. */
    public static final int SNAPSHOTS_PER_MINUTE = 1;

    private static final Set<String> FLAGS = Set.of("jfr", "dry-run", "detach");
    private static final int MAX_PER_MINUTE = 60;
    private static final String PER_MINUTE = "/min";

    /**
     * Creates options.
     *
     * @throws RuleException if snapshotsPerMinute is not from 1 to 60, or dryRun and detach are both set
     */
    public AgentOptions {
        if (snapshotsPerMinute < 1 || snapshotsPerMinute > MAX_PER_MINUTE) {
            throw new RuleException("snapshotsPerMinute=" + snapshotsPerMinute + ": a number from 1 to "
                    + MAX_PER_MINUTE + " is required");
        }
        if (dryRun && detach) {
            throw new RuleException("dry-run and detach exclude each other");
        }
    }

    /**
     * Returns the options of texts, with values as in the agent's options.
     *
     * @param options values by name: answer, trace, snapshot, snapshots, jfr, dry-run, detach; the last three with
     *        empty values
     * @throws RuleException if a name is unknown, or a value is wrong
     */
    public static AgentOptions of(Map<String, String> options) {
        for (Map.Entry<String, String> each : options.entrySet()) {
            boolean isFlag = FLAGS.contains(each.getKey());
            if (!OPTIONS.contains(each.getKey())) {
                throw new RuleException("option=" + each.getKey() + " is unknown: the agent has rules, "
                        + String.join(", ", OPTIONS.subList(1, OPTIONS.size())) + "; a rule begins with method=GLOB"
                        + (Rule.OPTIONS.contains(each.getKey()) ? ", and its other options follow after commas" : ""));
            } else if (isFlag != each.getValue().isEmpty()) {
                throw new RuleException(isFlag ? each.getKey() + "=" + each.getValue() + ": " + each.getKey()
                        + " has no value" : each.getKey() + " needs a value");
            }
        }
        String snapshots = options.get("snapshots");
        if (snapshots != null && !options.containsKey("snapshot")) {
            throw new RuleException("snapshots=" + snapshots + " needs snapshot=DIR, the folder of the snapshots");
        }
        if (options.containsKey("jfr") && !options.containsKey("snapshot")) {
            throw new RuleException("jfr needs snapshot=DIR: the JVM's events are written beside a snapshot");
        }
        return new AgentOptions(path(options, "trace"), path(options, "snapshot"), snapshots == null
                ? SNAPSHOTS_PER_MINUTE : AgentText.number("snapshots", snapshots, PER_MINUTE, MAX_PER_MINUTE),
                options.containsKey("jfr"), options.containsKey("dry-run"), options.containsKey("detach"),
                path(options, "answer"));
    }

    private static @Nullable Path path(Map<String, String> options, String name) {
        String value = options.get(name);
        return value == null ? null : AgentText.path(name, value);
    }

    /** Returns the text form, which {@link RuleSet#parse} reads, without rules. */
    @Override
    public String toString() {
        return String.join(";", items());
    }

    /** Returns the options as items of the agent's options. */
    List<String> items() {
        List<String> items = new ArrayList<>();
        for (String name : List.of("answer", "trace", "snapshot")) {
            Path path = name.equals("answer") ? answer : name.equals("trace") ? trace : snapshot;
            if (path != null) {
                items.add(AgentText.item(name, path.toString()));
            }
        }
        if (snapshotsPerMinute != SNAPSHOTS_PER_MINUTE) {
            items.add("snapshots=" + snapshotsPerMinute + PER_MINUTE);
        }
        if (jfr) {
            items.add("jfr");
        }
        if (dryRun) {
            items.add("dry-run");
        }
        if (detach) {
            items.add("detach");
        }
        return items;
    }
}
