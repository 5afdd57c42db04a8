package io.github.rseq4j.agent.rule;

import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;

/**
 * A request to the tracers of the program. Its text form, in place of rules:
 *
 * <pre>{@code
 * tracers;tracer=GLOB;disable=PATTERN;enable=PATTERN;flush;snapshot=DIR;list
 * }</pre>
 *
 * <p>The switches are applied in their order, then the tracers are flushed, written as snapshots, and listed.
 *
 * @param tracer a glob that selects tracers by their folders, or null for all tracers of the program
 * @param switches the switches of events
 * @param flush whether streaming tracers write their events
 * @param snapshot whether flight recorders are written
 * @param snapshotFolder the folder of the snapshots, or null for the parent of the tracer's own folder
 * @param list whether the tracers and their events are listed
 * @since 0.1.0
 */
public record TracerRequest(@Nullable String tracer, List<Switch> switches, boolean flush, boolean snapshot,
        @Nullable Path snapshotFolder, boolean list) {
    private static final String MARK = "tracers";
    private static final String ANSWER = "answer";

    /**
     * Enables or disables events.
     *
     * @param pattern {@code provider:event}, where {@code *} matches any characters; or {@code *}
     * @param on whether the events are enabled
     */
    public record Switch(String pattern, boolean on) {}

    /**
     * Creates a request.
     *
     * @throws RuleException if it asks for nothing, or the glob is malformed
     */
    public TracerRequest {
        switches = List.copyOf(switches);
        if (switches.isEmpty() && !flush && !snapshot && !list) {
            throw new RuleException("nothing is asked of the tracers: give list, enable, disable, flush or snapshot");
        }
        if (tracer != null) {
            var _ = matcher(tracer);
        }
    }

    /** Tells whether the agent's options are a request to tracers instead of rules. */
    public static boolean isRequest(String agentOptions) {
        return AgentText.split(agentOptions, ';').contains(MARK);
    }

    /**
     * Reads a request. An item {@code answer} is passed over.
     *
     * @throws RuleException if an item is wrong
     */
    public static TracerRequest parse(String agentOptions) {
        String tracer = null;
        List<Switch> switches = new ArrayList<>();
        boolean isFlush = false;
        boolean isSnapshot = false;
        Path folder = null;
        boolean isList = false;
        for (String item : AgentText.split(agentOptions, ';')) {
            String value = AgentText.value(item);
            switch (AgentText.name(item)) {
                case MARK, ANSWER -> { }
                case "tracer" -> tracer = required("tracer", value);
                case "enable" -> switches.add(new Switch(required("enable", value), true));
                case "disable" -> switches.add(new Switch(required("disable", value), false));
                case "flush" -> isFlush = true;
                case "snapshot" -> {
                    isSnapshot = true;
                    folder = value.isEmpty() ? null : AgentText.path("snapshot", value);
                }
                case "list" -> isList = true;
                default -> throw new RuleException("option=" + AgentText.name(item) + " does not go with tracers, which"
                        + " have tracer, enable, disable, flush, snapshot and list");
            }
        }
        return new TracerRequest(tracer, switches, isFlush, isSnapshot, folder, isList);
    }

    private static String required(String name, String value) {
        if (value.isEmpty()) {
            throw new RuleException(name + " needs a value");
        }
        return value;
    }

    private static PathMatcher matcher(String tracer) {
        try {
            return FileSystems.getDefault().getPathMatcher("glob:" + (tracer.startsWith("/") ? "" : "{,**/}") + tracer);
        } catch (PatternSyntaxException e) {
            throw new RuleException("tracer=" + tracer + " is no glob: " + e.getDescription());
        }
    }

    /**
     * Tells whether a tracer is selected by its folder: the glob matches the whole path or, unless it begins with a
     * slash, the last names of the path.
     *
     * @param folder the absolute path
     */
    public boolean selects(Path folder) {
        return tracer == null || matcher(tracer).matches(folder);
    }

    /** Returns the text form, which {@link #parse} reads. */
    @Override
    public String toString() {
        List<String> items = new ArrayList<>(List.of(MARK));
        if (tracer != null) {
            items.add(AgentText.item("tracer", tracer));
        }
        switches.forEach(each -> items.add(AgentText.item(each.on() ? "enable" : "disable", each.pattern())));
        if (flush) {
            items.add("flush");
        }
        if (snapshot) {
            items.add(snapshotFolder == null ? "snapshot" : AgentText.item("snapshot", snapshotFolder.toString()));
        }
        if (list) {
            items.add("list");
        }
        return String.join(";", items);
    }
}
