package io.github.rseq4j.agent;

import io.github.rseq4j.Rseq;
import io.github.rseq4j.agent.code.LinkClass;
import io.github.rseq4j.agent.rule.AgentOptions;
import io.github.rseq4j.agent.rule.Rule;
import io.github.rseq4j.agent.rule.RuleSet;
import io.github.rseq4j.agent.table.MethodTable;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.instrument.Instrumentation;
import java.lang.invoke.MethodHandles;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The agent's work in this JVM. One command at a time. */
final class Attachment {
    /** The most lines of what is left alone in an answer that does not ask for all. */
    private static final int MAX_LEFT_LINES = 20;
    /** The beginning of lines on the standard error output. */
    static final String PREFIX = "rseq4j agent: ";

    private final Instrumentation instrumentation;
    private final MethodTable table;
    private final MethodRegistry methods;
    private final Matches matches = new Matches();
    private final AgentTrace trace;
    private List<Rule> rules = List.of();
    private @Nullable CallTransformer transformer;
    private @Nullable CountPublisher publisher;

    private Attachment(Instrumentation instrumentation, MethodTable table, MethodRegistry methods) {
        this.instrumentation = instrumentation;
        this.table = table;
        this.methods = methods;
        this.trace = new AgentTrace(methods);
    }

    /**
     * Prepares the JVM.
     *
     * @throws ReflectiveOperationException if this JVM does not give the access that {@code start.AgentMain} asks for
     */
    static Attachment first(Instrumentation instrumentation) throws ReflectiveOperationException {
        Module own = Attachment.class.getModule();
        if (own.isNamed() && !own.isNativeAccessEnabled()) {
            // No public method does it without a warning on the standard error output of the program.
            Method access = Module.class.getDeclaredMethod("implAddEnableNativeAccess");
            access.setAccessible(true);
            access.invoke(own);
        }
        MethodTable table = MethodTable.create();
        MethodRegistry methods = new MethodRegistry(table);
        LinkClass.install(MethodHandles.privateLookupIn(Object.class, MethodHandles.lookup()), methods.linker());
        return new Attachment(instrumentation, table, methods);
    }

    /** Lists what rules would match among the loaded classes. Nothing is prepared for it in this JVM. */
    static String dryRun(RuleSet asked, Instrumentation instrumentation) {
        Matches found = new Matches();
        CallTransformer dry = new CallTransformer(asked, null, found);
        instrumentation.addTransformer(dry, true);
        try {
            String note = new Retransformation(instrumentation, dry).run(dry::mayMatch);
            return list(found, asked) + note;
        } finally {
            instrumentation.removeTransformer(dry);
        }
    }

    private static String list(Matches found, RuleSet asked) {
        return Stream.concat(found.matchedLines(), found.leftLines()).map(line -> line + "\n")
                .collect(Collectors.joining()) + summary(true, found, asked.rules());
    }

    /** Lists what rules would match among the classes that the program loads, when the program ends. */
    static String dryRunToTheEnd(RuleSet asked, Instrumentation instrumentation) {
        Matches found = new Matches();
        CallTransformer dry = new CallTransformer(asked, null, found);
        instrumentation.addTransformer(dry, false);
        Runtime.getRuntime().addShutdownHook(new Thread(null, () -> {
            instrumentation.removeTransformer(dry);
            // The program may have made another stream of System.err.
            PrintStream to = new PrintStream(new FileOutputStream(FileDescriptor.err), true, System.err.charset());
            list(found, asked).lines().forEach(line -> to.println(PREFIX + line));
        }, "rseq4j-agent-dry-run", 0, false));
        return "dry-run: nothing is traced; what matches is listed when the program ends\n";
    }

    private static String summary(boolean isDry, Matches found, List<Rule> of) {
        Matches.Count count = found.count(of);
        // Rules of earlier requests may have methods that are instrumented.
        return (count.methods() == 0 && !isDry ? "no method is instrumented by the rules of this request\n"
                : count + (isDry ? " would be" : count.methods() <= 1 ? " is" : " are") + " instrumented\n")
                + (count.methods() > 0 ? "" : found.hasLeft() ? "all that match are left alone\n"
                        : "no loaded class matches; classes that match are instrumented when they are loaded\n");
    }

    private static String changes(int changed) {
        return changed == 0 ? "no method that is instrumented has this rule\n"
                : Matches.count(changed, "method") + (changed == 1 ? " has" : " have") + " another mode\n";
    }

    /**
     * Adds rules. A rule with the glob of an earlier one takes its place.
     *
     * @throws IOException if the trace cannot be written
     */
    String attach(RuleSet asked) throws IOException {
        String note = trace.open(asked) + slowness();
        int changed = 0;
        boolean isReplaced = false;
        List<Rule> kept = new ArrayList<>(rules);
        List<Rule> added = new ArrayList<>();
        for (Rule rule : asked.rules()) {
            Rule former = kept.stream().filter(each -> each.glob().equals(rule.glob())).findFirst().orElse(null);
            if (former == null) {
                kept.add(rule);
                added.add(rule);
            } else {
                kept.set(kept.indexOf(former), rule);
                if (former.args() == rule.args()) {
                    // Only the mode changes: no class is transformed.
                    changed += methods.replace(former, rule);
                    isReplaced = true;
                } else {
                    added.add(rule);
                }
            }
        }
        rules = List.copyOf(kept);
        matches.next();
        if (publisher == null && !table.whyCopied().isEmpty()) {
            publisher = new CountPublisher(table);
        }
        CallTransformer now = transformer;
        RuleSet all = new RuleSet(rules, plain());
        if (now == null) {
            now = new CallTransformer(all, methods, matches);
            transformer = now;
            instrumentation.addTransformer(now, true);
        } else {
            now.use(all);
        }
        if (!added.isEmpty()) {
            RuleSet fresh = new RuleSet(added, plain());
            CallTransformer chosen = now;
            note += new Retransformation(instrumentation, chosen)
                    .run(type -> fresh.mayMatchClass(CallTransformer.name(type)) && chosen.mayMatch(type));
        }
        return (added.isEmpty() ? "" : summary(false, matches, added))
                + (isReplaced ? changes(changed) : "") + left() + note;
    }

    private static String slowness() {
        Rseq.Availability rseq = Rseq.availability();
        return rseq.available() ? "" : "rseq is not available, so each call takes longer: " + rseq.reason() + "\n";
    }

    private static AgentOptions plain() {
        return new AgentOptions(null, null, AgentOptions.SNAPSHOTS_PER_MINUTE, false, false, false, null);
    }

    private String left() {
        List<String> lines = matches.leftLines().toList();
        return lines.stream().limit(MAX_LEFT_LINES).map(line -> line + "\n").collect(Collectors.joining())
                + (lines.size() > MAX_LEFT_LINES ? "left alone: " + (lines.size() - MAX_LEFT_LINES)
                        + " more; a dry run lists more\n" : "");
    }

    /** Restores all classes. */
    String detach() {
        CallTransformer now = transformer;
        if (now == null) {
            return "nothing was attached\n";
        }
        transformer = null;
        rules = List.of();
        instrumentation.removeTransformer(now);
        methods.off();
        int count = matches.classCount();
        String note = new Retransformation(instrumentation, now).run(type -> matches.has(type.getName()));
        matches.clear();
        CountPublisher ending = publisher;
        publisher = null;
        if (ending != null) {
            ending.close();
        }
        return Matches.count(count, "class") + (count == 1 ? " is" : " are") + " restored\n" + note + trace.close();
    }
}
