package io.github.rseq4j.ir;

import io.github.rseq4j.ir.Operand.Reg;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A critical section: a list of steps, of which the last one is the commit.
 *
 * @param name its steps, the order and nothing else: {@code load_add_store_relaxed}
 * @param steps the steps
 * @param result the register that the function returns when this is its last section, or null for 0; not negative
 * @param assumptions the properties that its structure guarantees and its steps do not show
 */
public record Section(String name, List<Step> steps, @Nullable Reg result, List<Assumption> assumptions) {
    /** The most exits of a section. */
    public static final int MAX_EXITS = 9;
    /** The most bytes of one copy. */
    public static final int MAX_COPY_BYTES = 1 << 16;
    /** The longest delay, in iterations. */
    public static final int MAX_DELAY = 1 << 20;
    /** The most steps of a section. */
    public static final int MAX_STEPS = 64;
    /** The most temporaries of a section. */
    public static final int MAX_TEMPORARIES = 4;

    /**
     * Makes a section. {@link Rules} checks its steps.
     *
     * @throws IllegalArgumentException with the step and the rule that it breaks
     */
    public Section {
        steps = List.copyOf(steps);
        assumptions = List.copyOf(assumptions);
        Rules.check(name, steps, result);
    }

    /** Makes a section without assumptions. */
    public Section(String name, List<Step> steps, @Nullable Reg result) {
        this(name, steps, result, List.of());
    }

    /**
     * Returns a section of other steps with the same name and the same assumptions.
     *
     * @param others the steps
     */
    public Section with(List<Step> others) {
        return new Section(name, others, result, assumptions);
    }

    /** Returns the last step. */
    public Step.Commit commit() {
        return (Step.Commit) steps.getLast();
    }
}
