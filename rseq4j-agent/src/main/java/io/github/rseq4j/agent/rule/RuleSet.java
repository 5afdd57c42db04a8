package io.github.rseq4j.agent.rule;

import java.io.IOException;
import java.lang.classfile.ClassModel;
import java.lang.classfile.MethodModel;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The rules and options of the agent. Immutable; any thread may use it. Its text form:
 *
 * <pre>{@code
 * method=com.acme.**::handle*,mode=time;method=com.acme.Dao+,over=10ms,args;rules=FILE;trace=DIR
 * }</pre>
 *
 * @since 0.1.0
 */
public final class RuleSet {
    private static final String ANSWER = "answer=";
    private static final String RULES = "rules";
    private static final int MAX_FILE_BYTES = 4 << 20;

    private final List<Rule> rules;
    private final AgentOptions options;
    private final List<Target> targets;
    /** The names of classes that rules without a wildcard name, and all other targets. */
    private final Set<String> exactClasses = new HashSet<>();
    private final List<Target> otherTargets = new ArrayList<>();
    /** Whether a rule may match any class. */
    private final boolean hasOpenTargets;

    /**
     * Creates a set of rules.
     *
     * @param rules the rules; of those that match a method, the last one wins
     * @param options the other options
     * @throws RuleException if there is no rule, except to detach; if there are rules to detach; or if snapshots are
     *         asked for and no rule has a limit
     */
    public RuleSet(List<Rule> rules, AgentOptions options) {
        this.rules = List.copyOf(rules);
        this.options = options;
        this.targets = this.rules.stream().map(rule -> Target.parse(rule.glob())).toList();
        if (options.detach() != rules.isEmpty()) {
            throw new RuleException(options.detach() ? "detach has no rules, it removes all"
                    : "there is no rule: give method=GLOB or rules=FILE");
        }
        if (options.snapshot() != null && rules.stream().noneMatch(rule -> rule.overNanos() > 0)) {
            throw new RuleException("snapshot=" + options.snapshot()
                    + " is written after a call over a limit, and no rule has one: add over=10ms to a rule");
        }
        this.hasOpenTargets = targets.stream().anyMatch(target -> target.kind() != Target.Kind.CLASSES);
        for (Target target : targets) {
            if (target.kind() == Target.Kind.CLASSES && target.type().isLiteral()) {
                exactClasses.add(target.type().toString());
            } else {
                otherTargets.add(target);
            }
        }
    }

    /**
     * Reads the agent's options, and the files of rules that they name.
     *
     * @param agentOptions items separated by semicolons: rules {@code method=GLOB,...}; {@code rules=FILE}, a file with
     *        one rule a line and comments that begin with {@code #}; and the options of {@link AgentOptions}
     * @return the rules, in the order of the items
     * @throws RuleException if an option is wrong or a file cannot be read
     */
    public static RuleSet parse(String agentOptions) {
        List<Rule> rules = new ArrayList<>();
        Map<String, String> others = new LinkedHashMap<>();
        for (String item : AgentText.split(agentOptions, ';')) {
            String name = AgentText.name(item);
            if (name.equals("method")) {
                rules.add(Rule.parse(item));
            } else if (name.equals(RULES)) {
                rules.addAll(read(AgentText.value(item)));
            } else if (others.put(name, AgentText.value(item)) != null) {
                throw new RuleException("option=" + name + " is given twice");
            }
        }
        return new RuleSet(rules, AgentOptions.of(others));
    }

    /**
     * Returns the file for the answer to an attaching command, which is the first item of the agent's options. So an
     * agent can answer also if {@link #parse} refuses the options.
     *
     * @return the file, or null if the agent's options name none
     */
    public static @Nullable Path answer(String agentOptions) {
        if (!agentOptions.startsWith(ANSWER)) {
            return null;
        }
        try {
            return Path.of(AgentText.value(AgentText.split(agentOptions, ';').getFirst()));
        } catch (RuleException | InvalidPathException e) {
            return null;
        }
    }

    /**
     * Reads a file of rules: one rule a line, as in the agent's options; empty lines; and comments, which begin with
     * {@code #} at the beginning of a line or after a blank.
     *
     * @param file the file, in UTF-8, at most 4 MiB
     * @throws RuleException if the file cannot be read, holds no rule, or a line is wrong; the message has the line
     */
    public static List<Rule> read(String file) {
        List<Rule> rules = new ArrayList<>();
        int number = 0;
        for (String line : lines(file)) {
            number++;
            try {
                String text = withoutComment(line);
                if (!text.isEmpty()) {
                    List<String> items = AgentText.split(text, ';');
                    if (items.size() != 1 || !AgentText.name(items.getFirst()).equals("method")) {
                        throw new RuleException("a line holds one rule, which begins with method=GLOB: " + text);
                    }
                    rules.add(Rule.parse(items.getFirst()));
                }
            } catch (RuleException e) {
                throw new RuleException("rules=" + file + ", line " + number + ": " + e.getMessage());
            }
        }
        if (rules.isEmpty()) {
            throw new RuleException("rules=" + file + " holds no rule, such as method=com.acme.**,mode=time");
        }
        return rules;
    }

    private static List<String> lines(String file) {
        try {
            Path path = Path.of(file);
            // A pipe could block the thread.
            if (Files.exists(path) && !Files.isRegularFile(path) || Files.size(path) > MAX_FILE_BYTES) {
                throw new RuleException("rules=" + file + " is no regular file of at most " + (MAX_FILE_BYTES >> 20)
                        + " MiB");
            }
            return Files.readAllLines(path);
        } catch (CharacterCodingException e) {
            throw new RuleException("rules=" + file + " cannot be read: it is not UTF-8");
        } catch (IOException | InvalidPathException e) {
            throw new RuleException("rules=" + file + " cannot be read: " + e);
        }
    }

    private static String withoutComment(String line) {
        boolean isQuoted = false;
        for (int at = 0; at < line.length(); at++) {
            char c = line.charAt(at);
            isQuoted ^= c == '"';
            if (c == '#' && !isQuoted && (at == 0 || Character.isWhitespace(line.charAt(at - 1)))) {
                return line.substring(0, at).strip();
            }
        }
        return line.strip();
    }

    /** Returns the rules, in their order. */
    public List<Rule> rules() {
        return rules;
    }

    /** Returns the options that belong to no rule. */
    public AgentOptions options() {
        return options;
    }

    /**
     * Tells whether a rule may match a method of a class. A cheap test before the class file is parsed: it is exact for
     * rules that name classes; rules for annotations or subtypes may match any class.
     *
     * @param binaryName the name with dots, for example {@code java.util.Map$Entry}
     */
    public boolean mayMatchClass(String binaryName) {
        return !binaryName.startsWith("[") && (hasOpenTargets || namesClass(binaryName));
    }

    /**
     * Tells whether the name of a class matches a rule, so that a user expects to hear of it. A rule for annotations or
     * subtypes does not name the other classes that it may match.
     *
     * @param binaryName the name with dots
     */
    public boolean namesClass(String binaryName) {
        if (exactClasses.contains(binaryName)) {
            return true;
        }
        for (Target target : otherTargets) {
            if (target.kind() != Target.Kind.ANNOTATED && target.type().matches(binaryName)) {
                return true;
            }
        }
        return false;
    }

    /**
     * Returns the rules that apply to a class. Use it if several methods of a class are matched.
     *
     * @param model the class
     * @param supertypes finds its supertypes; called at most once, and only if a rule needs them
     */
    public ClassRules of(ClassModel model, Supertypes supertypes) {
        return of(model, supertypes, () -> model);
    }

    /**
     * Returns the rules that apply to a class, of which the JVM has made the class file again.
     *
     * @param model the class; it may lack annotations of retention CLASS
     * @param supertypes finds its supertypes; called at most once, and only if a rule needs them
     * @param original reads its class file with all annotations, or returns the model if that is not possible; called
     *        at most once, and only if the class may have an annotation of a rule
     */
    public ClassRules of(ClassModel model, Supertypes supertypes, Supplier<ClassModel> original) {
        return new ClassRules(rules, targets, model, supertypes, original);
    }

    /**
     * Returns the last rule that matches a method, or null. It ignores {@link LeftAlone}.
     *
     * @param model the class
     * @param method a method of the class
     * @param supertypes finds the supertypes of the class; called only if a rule needs them
     */
    public @Nullable Rule match(ClassModel model, MethodModel method, Supertypes supertypes) {
        return of(model, supertypes).match(method);
    }

    /** Returns the text form, which {@link #parse} reads. */
    @Override
    public String toString() {
        List<String> items = new ArrayList<>(options.items());
        rules.forEach(rule -> items.add(rule.toString()));
        return String.join(";", items);
    }
}
