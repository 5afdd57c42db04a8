package io.github.rseq4j.cli.agent;

import io.github.rseq4j.agent.rule.TracerRequest;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Option;

/** The options of {@code attach} for the tracers of the program. */
final class TracerOptions {
    @Option(names = "--list", description = "List the tracers: folder, mode, and the events with their state.")
    private boolean isList;

    @Option(names = "--tracer", paramLabel = "GLOB", description = {
        "The tracers whose folder ends with these names, or is this path; the default is all.",
        "* within a name, ** across names."})
    private @Nullable String tracer;

    @ArgGroup(multiplicity = "0..*")
    private List<SwitchOption> switches = new ArrayList<>();

    @Option(names = "--flush", description = "Let streaming tracers write their events now.")
    private boolean isFlush;

    /** One switch: their order counts. */
    static final class SwitchOption {
        @Option(names = "--enable", required = true, paramLabel = "PROVIDER:EVENT",
                description = "Record events; * matches any characters. Repeatable, applied in the order given.")
        private @Nullable String enabled;

        @Option(names = "--disable", required = true, paramLabel = "PROVIDER:EVENT",
                description = "Record no such events. Repeatable, as above.")
        private @Nullable String disabled;
    }

    /** Tells whether one of them is given. */
    boolean isAny() {
        return isList || tracer != null || !switches.isEmpty() || isFlush;
    }

    /**
     * Returns the request. A selection of tracers alone lists them.
     *
     * @param isSnapshot whether flight recorders are written
     * @param folder the folder of the snapshots, if it is given
     */
    TracerRequest request(boolean isSnapshot, Optional<String> folder) {
        boolean isAct = !switches.isEmpty() || isFlush || isSnapshot;
        return new TracerRequest(tracer, switches.stream().map(each -> new TracerRequest.Switch(
                each.enabled != null ? each.enabled : Objects.requireNonNull(each.disabled), each.enabled != null))
                .toList(), isFlush, isSnapshot, folder.map(Path::of).orElse(null), isList || !isAct);
    }
}
