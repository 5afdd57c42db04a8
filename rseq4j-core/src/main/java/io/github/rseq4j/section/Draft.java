package io.github.rseq4j.section;

import io.github.rseq4j.ir.Mem;
import io.github.rseq4j.ir.Operand;
import io.github.rseq4j.ir.Operand.Reg;
import io.github.rseq4j.ir.Rules;
import io.github.rseq4j.ir.Section;
import io.github.rseq4j.ir.Step;
import io.github.rseq4j.ir.Step.Commit;
import io.github.rseq4j.ir.Width;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The section that a builder is at: its steps so far, who has its temporaries, and what they may be. */
final class Draft {
    private final SectionBuilder builder;
    private final String name;
    private final int arguments;
    private final @Nullable Register[] temporaries = new @Nullable Register[Section.MAX_TEMPORARIES];
    private final List<Step> steps = new ArrayList<>();
    private final List<String> disjoint = new ArrayList<>();
    private @Nullable Register result;
    private @Nullable Section section;

    /**
     * Begins a section.
     *
     * @param builder whose
     * @param name its name
     * @param arguments how many arguments the function has
     */
    Draft(SectionBuilder builder, String name, int arguments) {
        this.builder = builder;
        this.name = name;
        this.arguments = arguments;
    }

    /**
     * Adds a step that gives a fresh temporary its value.
     *
     * @param step makes the step for a temporary
     * @param place the place that the step names, or null
     * @param used what else it names
     */
    Register fresh(Function<Reg, Step> step, @Nullable Place place, Value... used) {
        int number = 0;
        while (number < temporaries.length && temporaries[number] != null) {
            number++;
        }
        Step made = step.apply(Operand.temp(number));
        if (number == temporaries.length) {
            throw refused(made, "a section has " + number + " temporaries at once, t0 to t" + (number - 1)
                    + "; release one");
        }
        append(made, place, used);
        Register register = new Register(builder, this, Operand.temp(number));
        temporaries[number] = register;
        return register;
    }

    /**
     * Adds a step.
     *
     * @param step the step
     * @param place the place that it names, or null
     * @param used what else it names
     */
    void append(Step step, @Nullable Place place, Value... used) {
        check(step, place, used);
        Rules.checkNext(name, steps, step, arguments);
        steps.add(step);
    }

    /**
     * Adds the steps that leave the section when two ranges of bytes meet: they do when the distance from the second
     * one's start to the first one's, or back, is less than the length of the one that it starts from.
     *
     * @param one where the first range begins
     * @param oneBytes its length
     * @param other where the second range begins
     * @param otherBytes its length
     */
    void disjoint(Place one, Value oneBytes, Place other, Value otherBytes) {
        List<Step> before = List.copyOf(steps);
        @Nullable Register[] held = temporaries.clone();
        try {
            if (oneBytes instanceof Value.Constant(long length) && otherBytes instanceof Value.Constant(long more)) {
                Rules.range("bytes", length, 1, Section.MAX_COPY_BYTES);
                Rules.range("bytes", more, 1, Section.MAX_COPY_BYTES);
                // Both in one comparison. The one of which no address is to be made is subtracted.
                boolean isPlain = isPlain(other.mem(), one.mem()) || !isPlain(one.mem(), other.mem());
                exitIfNear(isPlain ? one : other, isPlain ? other : one, (isPlain ? length : more) - 1,
                        Value.constant(length + more - 1));
            } else {
                exitIfNear(one, other, 0, otherBytes);
                exitIfNear(other, one, 0, oneBytes);
            }
        } catch (IllegalArgumentException e) {
            steps.clear();
            steps.addAll(before);
            System.arraycopy(held, 0, temporaries, 0, held.length);
            throw e;
        }
        disjoint.add(one + " and " + other);
    }

    private static boolean isPlain(Mem mem, Mem other) {
        return mem.index() == null && (!mem.perCpu() || other.perCpu());
    }

    /** Leaves the section when one place lies less than a length behind another, or less than {@code more} ahead. */
    private void exitIfNear(Place one, Place other, long more, Value length) {
        Mem minuend = without(one.mem(), one.mem().perCpu() && other.mem().perCpu());
        Mem subtrahend = without(other.mem(), one.mem().perCpu() && other.mem().perCpu());
        Register distance = fresh(target -> new Step.Address(target, minuend), one);
        long constant = more;
        if (subtrahend.index() == null && !subtrahend.perCpu()) {
            append(new Step.Subtract(distance.reg(), subtrahend.base()), other);
            constant -= subtrahend.displacementBytes();
        } else {
            Register address = fresh(target -> new Step.Address(target, subtrahend), other);
            append(new Step.Subtract(distance.reg(), address.reg()), null);
            release(address);
        }
        if (constant != 0) {
            append(new Step.Add(distance.reg(), Operand.imm(constant)), null);
        }
        append(new Step.ExitIf(Condition.BELOW.code(), distance.reg(), SectionBuilder.operand(length), Width.LONG,
                Completion.OVERLAP), null, length);
        release(distance);
    }

    private static Mem without(Mem mem, boolean slot) {
        return new Mem(mem.base(), mem.perCpu() && !slot, mem.index(), mem.scale(), mem.displacementBytes());
    }

    /** Returns the pairs of places that are said to be disjoint. */
    List<String> disjoint() {
        return disjoint;
    }

    /**
     * Adds the commit, and in front of it the guard of the result.
     *
     * @param commit the commit
     * @param to the place that it names
     * @param value what else it names
     * @return the section
     */
    Section commit(Commit commit, Place to, Value value) {
        check(commit, to, value);
        Register returned = result;
        List<Step> whole = new ArrayList<>(steps);
        if (returned != null && section == null) {
            Step guard = new Step.ExitIf(Condition.ABOVE_OR_EQUAL.code(), returned.reg(), Operand.imm(Long.MIN_VALUE),
                    Width.LONG, Completion.NEGATIVE_RESULT);
            check(guard, null, returned);
            Rules.checkNext(name, whole, guard, arguments);
            whole.add(guard);
        }
        Rules.checkNext(name, whole, commit, arguments);
        whole.add(commit);
        Section made = new Section(name, whole, returned == null ? null : returned.reg());
        steps.clear();
        steps.addAll(whole);
        section = made;
        return made;
    }

    /** Sets the result. */
    void returns(Register register) {
        require(register, "result=" + register, section != null ? "the result is said before the commit"
                : result != null ? "a section has one result" : null);
        result = register;
    }

    /** Frees a temporary's number. */
    void release(Register register) {
        require(register, "release of " + register,
                register.reg().isArgument() ? "an argument keeps its register" : null);
        temporaries[register.reg().number()] = null;
    }

    private void require(Register register, String what, @Nullable String rule) {
        String broken = rule == null ? misuse(register) : rule;
        if (broken != null) {
            throw new IllegalArgumentException("section=" + name + ", behind step " + (steps.size() - 1) + ", " + what
                    + " breaks the rule: " + broken);
        }
    }

    /** Refuses what comes behind a section that is not finished. */
    void requireCommit(String method) {
        if (section == null) {
            throw new IllegalStateException("section=" + name + ", steps=" + steps.size() + ", " + method
                    + " breaks the rule: a section ends with its commit");
        }
    }

    /** Refuses another section behind one that has a result. */
    void requireNoResult() {
        if (result != null) {
            throw new IllegalStateException("section=" + name + ", result=" + result
                    + " breaks the rule: the last section alone has a result");
        }
    }

    private void check(Step step, @Nullable Place place, Value... used) {
        List<Register> registers = new ArrayList<>(place == null ? List.of() : place.registers());
        for (Value value : used) {
            if (value instanceof Register register) {
                registers.add(register);
            }
        }
        String broken = Place.brokenRule(step);
        for (Register register : registers) {
            String misuse = misuse(register);
            broken = misuse == null ? broken : misuse;
        }
        if (broken != null && section == null) {
            throw refused(step, broken);
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
        if (register.draft() != this) {
            return register + " is of an earlier section, and temporaries do not outlive a section";
        }
        return temporaries[register.reg().number()] == register ? null
                : register + " was released, and its place may hold another value";
    }

    /** Makes the exception for a step that breaks a rule. */
    IllegalArgumentException refused(Step step, String rule) {
        return new IllegalArgumentException("section=" + name + ", step " + steps.size() + " (" + step
                + ") breaks the rule: " + rule);
    }
}
