package io.github.rseq4j.ir;

import io.github.rseq4j.ir.Operand.Reg;
import io.github.rseq4j.ir.Step.Commit;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The rules that the steps of a section keep. A refusal names the step and the rule. */
public final class Rules {
    private static final String ONE_COMMIT = "the commit is the last step, and there is one (I3)";

    private Rules() {}

    /**
     * Requires a number to be in a range.
     *
     * @param name the name of the number
     * @param value the number
     * @param min the smallest
     * @param max the largest
     * @throws IllegalArgumentException when it is not
     */
    public static void range(String name, long value, long min, long max) {
        if (value < min || value > max) {
            throw new IllegalArgumentException(name + "=" + value + ", must be " + min + " to " + max);
        }
    }

    /**
     * Checks the name of a section or of a function: lower case words joined by {@code _}.
     *
     * @param name the name
     * @throws IllegalArgumentException when it is not of that form
     */
    public static void checkName(String name) {
        if (!isName(name)) {
            throw new IllegalArgumentException("name=" + name + ", must be lower case words joined by _");
        }
    }

    /**
     * Checks a step before the steps after it are known. Each step may have a temporary of its own here: which of them
     * share one of the section's temporaries is decided when all steps are known.
     *
     * @param name the section's name
     * @param before the steps before it
     * @param step the step
     * @param arguments how many arguments the function has
     * @throws IllegalArgumentException with the step and the rule that it breaks
     */
    public static void checkNext(String name, List<Step> before, Step step, int arguments) {
        int number = before.size();
        require(number < Section.MAX_STEPS, name, number, step, "a section has at most " + Section.MAX_STEPS
                + " steps");
        require(before.isEmpty() || !(before.getLast() instanceof Commit), name, number, step, ONE_COMMIT);
        boolean[] written = new boolean[Section.MAX_STEPS];
        for (Step earlier : before) {
            Reg target = earlier.writes();
            if (target != null) {
                written[target.number()] = true;
            }
        }
        checkStep(name, number, step, written, step instanceof Commit commit ? commit : null);
        checkArguments(name, number, step, arguments);
        List<Step> steps = new ArrayList<>(before);
        steps.add(step);
        Restarts.check(name, steps);
    }

    /**
     * Checks that a restart of any section of a chain reads what the first run read.
     *
     * @param chain the chain
     * @throws IllegalArgumentException with the store that a restart may read, and the step that reads it
     */
    public static void checkRestarts(Chain chain) {
        Restarts.check(chain);
    }

    static void check(String name, List<Step> steps, @Nullable Reg result) {
        checkName(name);
        range("steps of " + name, steps.size(), 1, Section.MAX_STEPS);
        require(steps.getLast() instanceof Commit, name, steps.size() - 1, steps.getLast(), ONE_COMMIT);
        Commit commit = (Commit) steps.getLast();
        boolean[] written = new boolean[Section.MAX_TEMPORARIES];
        for (int i = 0; i < steps.size(); i++) {
            Step step = steps.get(i);
            boolean last = i == steps.size() - 1;
            require(step instanceof Commit == last, name, i, step, ONE_COMMIT);
            checkStep(name, i, step, written, commit);
            Reg target = step.writes();
            if (target != null) {
                written[target.number()] = true;
            }
        }
        if (result != null && !isDefined(result, written)) {
            throw new IllegalArgumentException("section=" + name + ", result=" + result + ": no step writes it");
        }
    }

    private static boolean isName(String name) {
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            if (!(c >= 'a' && c <= 'z' || i > 0 && (c >= '0' && c <= '9' || c == '_'))) {
                return false;
            }
        }
        return !name.isEmpty();
    }

    private static boolean isDefined(Reg reg, boolean[] written) {
        return reg.isArgument() || reg.number() >= 0 && reg.number() < written.length && written[reg.number()];
    }

    private static void checkStep(String name, int i, Step step, boolean[] written, @Nullable Commit commit) {
        Reg target = step.writes();
        if (target != null) {
            require(!target.isArgument(), name, i, step, "an argument is never written: a restart needs it");
            require(target.number() >= 0 && target.number() < written.length, name, i, step,
                    "temporaries are t0 to t" + (written.length - 1));
        }
        for (Reg reg : step.reads()) {
            require(isDefined(reg, written), name, i, step, "a register is written before it is read");
        }
        String broken = step.brokenRule(commit);
        if (broken != null) {
            require(false, name, i, step, broken);
        }
        Mem mem = step.memory();
        if (mem != null) {
            require(mem.scale() == 1 || mem.scale() == 2 || mem.scale() == 4 || mem.scale() == 8, name, i, step,
                    "a scale is 1, 2, 4 or 8");
        }
    }

    static void checkArguments(Section section, int arguments) {
        List<Step> steps = section.steps();
        for (int i = 0; i < steps.size(); i++) {
            checkArguments(section.name(), i, steps.get(i), arguments);
        }
        Reg result = section.result();
        if (result != null && result.isArgument()) {
            range("argument number of the result of " + section.name(), result.number(), 0, arguments - 1L);
        }
    }

    private static void checkArguments(String name, int i, Step step, int arguments) {
        for (Reg reg : step.reads()) {
            require(!reg.isArgument() || reg.number() >= 0 && reg.number() < arguments, name, i, step,
                    reg + " is not one of " + arguments + " arguments");
        }
    }

    private static void require(boolean holds, String section, int number, Step step, String rule) {
        // The message is made only when it is needed: a record's toString costs a millisecond in a fresh JVM.
        if (!holds) {
            throw new IllegalArgumentException(
                    "section=" + section + ", step " + number + " (" + step + ") breaks the rule: " + rule);
        }
    }
}
