package io.github.rseq4j.cli.agent;

import io.github.rseq4j.agent.rule.AgentOptions;
import io.github.rseq4j.agent.rule.Rule;
import io.github.rseq4j.agent.rule.RuleException;
import io.github.rseq4j.agent.rule.RuleSet;
import io.github.rseq4j.agent.rule.TracerRequest;
import io.github.rseq4j.cli.io.InputException;
import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code attach}: traces methods of a running JVM, or controls its tracers. */
@Command(name = "attach", mixinStandardHelpOptions = true, sortOptions = false,
        customSynopsis = {"rseq4j attach PID (--method=GLOB [--mode=MODE]",
            "       [--over=DURATION] [--args] [--stack]",
            "       [--sample=N] [--limit=N/s])... [--rules=FILE]",
            "       [--trace=DIR] [--snapshot=DIR]",
            "       [--snapshots=N/min] [--jfr] [--dry-run]",
            "   or: rseq4j attach PID [--list] [--tracer=GLOB]",
            "       [--enable=PROVIDER:EVENT]...",
            "       [--disable=PROVIDER:EVENT]... [--flush]",
            "       [--snapshot[=DIR]]"},
        description = {"Traces chosen methods of a running JVM, or controls its program's own tracers.",
            "Calls of the methods are counted, timed or recorded. Tracers are listed, switched, flushed and"
            + " written."},
        footer = {"", "Examples:",
            "  rseq4j attach 4711 --method 'com.acme.**::handle*' --mode time",
            "  rseq4j attach 4711 --method 'com.acme.Dao+' --over 10ms --args",
            "  rseq4j attach 4711 --list",
            "  rseq4j attach 4711 --disable '*' --enable 'orders:*' --snapshot /var/tmp/snapshots",
            "", "Exit status: 0 attached, 1 the agent refused, 2 an option or the process is wrong, 5 the JVM cannot"
            + " be attached to."})
public final class AttachCommand implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    @Parameters(arity = "1", paramLabel = "PID", description = "The process.")
    private int pid;

    @ArgGroup(exclusive = false, multiplicity = "0..*",
            heading = "A rule; a --method begins the next one, and the options after it belong to it:%n")
    private List<RuleOptions> rules = new ArrayList<>();

    @Option(names = "--rules", paramLabel = "FILE",
            description = "A file with one rule a line (method=GLOB,mode=time,...); # begins a comment.")
    private @Nullable String rulesFile;

    @Option(names = "--trace", paramLabel = "DIR", description = "The folder to which events are streamed.")
    private @Nullable String trace;

    @Option(names = "--snapshot", arity = "0..1", paramLabel = "DIR", fallbackValue = "", description = {
        "With rules: after the first call over a limit, the last seconds before it are written to this folder.",
        "Without rules: the program's flight recorders are written now, each to a folder NAME-TIME in DIR or,",
        "without DIR, beside its own folder."})
    private @Nullable String snapshot;

    @Option(names = "--snapshots", paramLabel = "N/min",
            description = "At most N such snapshots a minute; the default is 1/min.")
    private @Nullable String snapshots;

    @Option(names = "--jfr", description = {"Write the JVM's own events of the last minute beside each such snapshot;",
        "trace report merges them."})
    private boolean hasJfr;

    @ArgGroup(validate = false, heading = "Without rules, the tracers of the program:%n")
    private final TracerOptions tracers = new TracerOptions();

    @Option(names = "--dry-run", description = "Trace nothing: list what matches and what is left alone.")
    private boolean isDryRun;

    /** The options of a rule. */
    static final class RuleOptions {
        @Option(names = "--method", required = true, paramLabel = "GLOB", description = {
            "CLASS::METHOD, CLASS, CLASS+::METHOD (with subclasses) or @ANNOTATION;",
            "* within a part of a name, ** across packages."})
        private String method = "";

        @Option(names = "--mode", paramLabel = "MODE",
                description = "count, time or event; the default is event with --over, otherwise time.")
        private @Nullable String mode;

        @Option(names = "--over", paramLabel = "DURATION",
                description = "Record only calls above this duration: 7ns, 300us, 10ms, 1.5s.")
        private @Nullable String over;

        @Option(names = "--args", description = "Records hold the arguments and the result.")
        private boolean hasArgs;

        @Option(names = "--stack", description = "Records hold the Java stack.")
        private boolean hasStack;

        @Option(names = "--sample", paramLabel = "N", description = "Time or record one call of N.")
        private @Nullable String sample;

        @Option(names = "--limit", paramLabel = "N/s", description = "Record at most N calls a second.")
        private @Nullable String limit;

        Rule rule() {
            Map<String, String> options = new LinkedHashMap<>();
            options.put("method", method);
            put(options, "mode", mode);
            put(options, "over", over);
            put(options, "args", hasArgs ? "" : null);
            put(options, "stack", hasStack ? "" : null);
            put(options, "sample", sample);
            put(options, "limit", limit);
            return Rule.of(options);
        }
    }

    private static void put(Map<String, String> options, String name, @Nullable String value) {
        if (value != null) {
            options.put(name, value);
        }
    }

    private static @Nullable String absolute(@Nullable String path) {
        try {
            return path == null || path.isEmpty() ? null : Path.of(path).toAbsolutePath().normalize().toString();
        } catch (InvalidPathException e) {
            throw new InputException(path + " is no path: " + e.getReason());
        }
    }

    /** Returns the request to the program's tracers, or null if there are rules. */
    private @Nullable TracerRequest request() {
        boolean hasRules = !rules.isEmpty() || rulesFile != null;
        if (hasRules && tracers.isAny()) {
            throw new InputException("rules do not go with --list, --tracer, --enable, --disable and --flush, which"
                    + " concern the program's own tracers; use two commands");
        }
        if (hasRules || !tracers.isAny() && snapshot == null) {
            return null;
        }
        if (trace != null || snapshots != null || hasJfr || isDryRun) {
            throw new InputException("--trace, --snapshots, --jfr and --dry-run are options of rules, and no rule is"
                    + " given: --method GLOB or --rules FILE");
        }
        return tracers.request(snapshot != null, Optional.ofNullable(absolute(snapshot)));
    }

    private RuleSet rules() {
        if (rules.isEmpty() && rulesFile == null) {
            throw new InputException("give a rule (--method GLOB or --rules FILE), or ask the program's own tracers"
                    + " (--list, --enable, --disable, --flush or --snapshot); see rseq4j attach --help");
        }
        if (snapshot != null && snapshot.isEmpty()) {
            throw new InputException("--snapshot of rules needs DIR, the folder of the snapshots");
        }
        List<Rule> all = new ArrayList<>();
        if (rulesFile != null) {
            all.addAll(RuleSet.read(rulesFile));
        }
        rules.forEach(rule -> all.add(rule.rule()));
        Map<String, String> options = new LinkedHashMap<>();
        if (trace != null && trace.isBlank()) {
            // As a path it would be the current folder.
            throw new InputException("--trace=" + trace + " needs DIR, the folder of the trace");
        }
        put(options, "trace", absolute(trace));
        put(options, "snapshot", absolute(snapshot));
        put(options, "snapshots", snapshots);
        put(options, "jfr", hasJfr ? "" : null);
        put(options, "dry-run", isDryRun ? "" : null);
        return new RuleSet(all, AgentOptions.of(options));
    }

    @Override
    public Integer call() throws IOException {
        CommandLine line = Objects.requireNonNull(spec).commandLine();
        TracerRequest request;
        RuleSet set;
        try {
            request = request();
            set = request == null ? rules() : null;
            // A value that no option can hold is refused here.
            var _ = String.valueOf(request) + set;
        } catch (RuleException e) {
            throw new InputException(String.valueOf(e.getMessage()));
        }
        return request != null ? AgentCall.run(line, pid, request)
                : AgentCall.run(line, pid, Objects.requireNonNull(set));
    }
}
