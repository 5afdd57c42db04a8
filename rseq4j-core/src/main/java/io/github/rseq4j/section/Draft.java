package io.github.rseq4j.section;

import io.github.rseq4j.ir.Operand;
import io.github.rseq4j.ir.Operand.Reg;
import io.github.rseq4j.ir.Rules;
import io.github.rseq4j.ir.Section;
import io.github.rseq4j.ir.Step;
import io.github.rseq4j.ir.Width;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The section that a builder is at: its steps so far, and the rules that the next one keeps. */
final class Draft {
    /* How it works
     *
     * A draft has as many temporaries as its steps produce, numbered in their order. A step is a function of the names
     * of its registers. It is made twice: at once, with the draft's numbers, for the checks and their messages; and at
     * the commit, when the last read of each temporary is known, with the machine's temporaries.
     */
    private final SectionBuilder builder;
    private final String name;
    private final int arguments;
    private final List<Function<Names, Step>> makers = new ArrayList<>();
    private final List<Step> steps = new ArrayList<>();
    private final List<String> disjoint = new ArrayList<>();
    private int temporaries;
    private @Nullable Register result;
    private @Nullable Section section;

    /**
     * Begins a section.
     *
     * @param builder the builder whose section it is
     * @param name its name
     * @param arguments the number of arguments of the function
     */
    Draft(SectionBuilder builder, String name, int arguments) {
        this.builder = builder;
        this.name = name;
        this.arguments = arguments;
    }

    /**
     * Adds a step that produces a temporary.
     *
     * @param maker makes the step, of its target and the names of other registers
     * @return the temporary
     */
    Register fresh(BiFunction<Reg, Names, Step> maker) {
        Register register = new Register(builder, this, Operand.temp(temporaries));
        append(names -> maker.apply(names.of(register), names));
        temporaries++;
        return register;
    }

    /**
     * Adds a step.
     *
     * @param maker makes the step, of the names of its registers
     */
    void append(Function<Names, Step> maker) {
        Step step = checked(steps, maker);
        steps.add(step);
        String tooMany = new Temporaries(steps, result == null ? null : result.reg()).broken();
        if (tooMany != null) {
            steps.removeLast();
            throw refused(step, tooMany);
        }
        makers.add(maker);
    }

    /** Makes a step by the draft's names, and checks it. */
    private Step checked(List<Step> before, Function<Names, Step> maker) {
        List<String> misuses = new ArrayList<>();
        Step step = maker.apply(register -> {
            String misuse = misuse(register);
            if (misuse != null) {
                misuses.add(misuse);
            }
            return register.reg();
        });
        String broken = misuses.isEmpty() ? Place.brokenRule(step) : misuses.getLast();
        if (broken != null && section == null) {
            throw refused(step, broken);
        }
        Rules.checkNext(name, before, step, arguments);
        return step;
    }

    /** Adds a comparison that leaves the section, by an exit that callers may choose. */
    void exitIf(Register left, Condition condition, Value right, Width width, int exit) {
        Function<Names, Step> maker = names -> new Step.ExitIf(condition, names.of(left), names.of(right), width,
                exit);
        if (exit < 0 || exit >= SectionBuilder.MAX_EXITS) {
            throw refused(maker.apply(Register::reg), "exits are 0 to " + (SectionBuilder.MAX_EXITS - 1));
        }
        append(maker);
    }

    /**
     * Adds the steps that leave the section when two ranges of bytes overlap. They overlap when the distance from the
     * start of one range to the start of the other is less than the length of the former.
     *
     * @param one where the first range begins
     * @param oneBytes its length
     * @param other where the second range begins
     * @param otherBytes its length
     */
    void disjoint(Place one, Value oneBytes, Place other, Value otherBytes) {
        int before = steps.size();
        int temporariesBefore = temporaries;
        try {
            if (oneBytes instanceof Value.Constant(long length) && otherBytes instanceof Value.Constant(long more)) {
                Rules.range("bytes", length, 1, Section.MAX_COPY_BYTES);
                Rules.range("bytes", more, 1, Section.MAX_COPY_BYTES);
                // One comparison serves both. The place whose address is a register already is subtracted.
                boolean isPlain = isPlain(other, one) || !isPlain(one, other);
                exitIfNear(isPlain ? one : other, isPlain ? other : one, (isPlain ? length : more) - 1,
                        Value.constant(length + more - 1));
            } else {
                exitIfNear(one, other, 0, otherBytes);
                exitIfNear(other, one, 0, oneBytes);
            }
        } catch (IllegalArgumentException e) {
            steps.subList(before, steps.size()).clear();
            makers.subList(before, makers.size()).clear();
            temporaries = temporariesBefore;
            throw e;
        }
        disjoint.add(one + " and " + other);
    }

    private static boolean isPlain(Place place, Place other) {
        return place.index() == null && (!place.isPerCpu() || other.isPerCpu());
    }

    /** Leaves the section when one place lies less than a length after another, or less than {@code more} before it. */
    private void exitIfNear(Place one, Place other, long more, Value length) {
        boolean bothPerCpu = one.isPerCpu() && other.isPerCpu();
        Place minuend = bothPerCpu ? one.withoutSlot() : one;
        Place subtrahend = bothPerCpu ? other.withoutSlot() : other;
        Register distance = fresh((target, names) -> new Step.Address(target, names.of(minuend)));
        long constant = more;
        if (subtrahend.index() == null && !subtrahend.isPerCpu()) {
            append(names -> new Step.Subtract(names.of(distance), names.of(subtrahend.base())));
            constant -= subtrahend.displacementBytes();
        } else {
            Register address = fresh((target, names) -> new Step.Address(target, names.of(subtrahend)));
            append(names -> new Step.Subtract(names.of(distance), names.of(address)));
        }
        if (constant != 0) {
            Operand added = Operand.imm(constant);
            append(names -> new Step.Add(names.of(distance), added));
        }
        append(names -> new Step.ExitIf(Condition.BELOW, names.of(distance), names.of(length), Width.LONG,
                Completion.OVERLAP));
    }

    /** Returns the pairs of places that the section compares, as text. */
    List<String> disjoint() {
        return disjoint;
    }

    /**
     * Adds the commit, and before it the guard of the result.
     *
     * @param maker makes the commit
     * @return the section, of the machine's temporaries
     */
    Section commit(Function<Names, Step> maker) {
        Register returned = result;
        List<Function<Names, Step>> all = new ArrayList<>(makers);
        List<Step> whole = new ArrayList<>(steps);
        if (returned != null && section == null) {
            Function<Names, Step> guard = names -> new Step.ExitIf(Condition.ABOVE_OR_EQUAL, names.of(returned),
                    Operand.imm(Long.MIN_VALUE), Width.LONG, Completion.NEGATIVE_RESULT);
            whole.add(checked(whole, guard));
            all.add(guard);
        }
        Step commit = checked(whole, maker);
        whole.add(commit);
        all.add(maker);
        Temporaries machine = new Temporaries(whole, returned == null ? null : returned.reg());
        String tooMany = machine.broken();
        if (tooMany != null) {
            throw refused(commit, tooMany);
        }
        Names names = register -> machine.of(register.reg());
        Section made = new Section(name, all.stream().map(each -> each.apply(names)).toList(),
                returned == null ? null : names.of(returned));
        makers.clear();
        makers.addAll(all);
        steps.clear();
        steps.addAll(whole);
        section = made;
        return made;
    }

    /** Sets the result. */
    void returns(Register register) {
        String misuse = misuse(register);
        String broken = section != null ? "the result is set before the commit"
                : result != null ? "a section has one result"
                : misuse != null ? misuse : new Temporaries(steps, register.reg()).broken();
        if (broken != null) {
            throw new IllegalArgumentException("section=" + name + (steps.isEmpty() ? ", before the first step"
                    : ", after step " + (steps.size() - 1)) + ", result=" + register + " breaks the rule: " + broken);
        }
        result = register;
    }

    /** Refuses a method that needs a finished section. */
    void requireCommit(String method) {
        if (section == null) {
            throw new IllegalStateException("section=" + name + ", steps=" + steps.size() + ", " + method
                    + " breaks the rule: a section ends with its commit");
        }
    }

    /** Refuses another section after an unfinished one, after one that has a result, and after the last one. */
    void requireNext(String function, int sections) {
        requireCommit("next");
        if (result != null) {
            throw new IllegalStateException("section=" + name + ", result=" + result
                    + " breaks the rule: the last section alone has a result");
        }
        if (sections == SectionBuilder.MAX_SECTIONS) {
            throw new IllegalStateException("section=" + function + ", sections=" + sections
                    + ": a function has at most " + SectionBuilder.MAX_SECTIONS);
        }
    }

    /** Returns the rule that a use of a register breaks here, or null. */
    private @Nullable String misuse(Register register) {
        if (register.builder() != builder) {
            return register + " belongs to another builder, and a register is for its own";
        }
        if (register.reg().isArgument()) {
            return null;
        }
        return register.draft() == this ? null
                : register + " is of an earlier section, and temporaries do not outlive a section";
    }

    /** Makes the exception for a step that breaks a rule. */
    IllegalArgumentException refused(Step step, String rule) {
        return new IllegalArgumentException("section=" + name + ", step " + steps.size() + " (" + step
                + ") breaks the rule: " + rule);
    }
}
