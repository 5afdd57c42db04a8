package io.github.rseq4j.ir;

import io.github.rseq4j.ir.Operand.Reg;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A critical section: steps of which the last is the commit.
 *
 * @param name its steps, the order and nothing else: {@code load_add_store_relaxed}
 * @param steps the steps
 * @param result what the function returns when this is its last section, or null for 0; it must not be negative
 * @param assumptions what its structure guarantees and its steps do not show
 */
public record Section(String name, List<Step> steps, @Nullable Reg result, List<Assumption> assumptions) {
    /** The exits a section may have. */
    public static final int MAX_EXITS = 9;
    /** The most bytes one copy may move. */
    public static final int MAX_COPY_BYTES = 1 << 16;
    /** The longest delay. */
    public static final int MAX_DELAY = 1 << 20;
    /** The steps a section may have. */
    public static final int MAX_STEPS = 64;
    /** The temporaries a section may use. */
    public static final int MAX_TEMPORARIES = 4;

    /**
     * Makes a section; what its steps may be is checked by {@link Rules}.
     *
     * @throws IllegalArgumentException naming the step and the rule that it breaks
     */
    public Section {
        steps = List.copyOf(steps);
        assumptions = List.copyOf(assumptions);
        Rules.check(name, steps, result);
    }

    /** Makes a section whose steps show all that is known of it. */
    public Section(String name, List<Step> steps, @Nullable Reg result) {
        this(name, steps, result, List.of());
    }

    /**
     * Returns a section with other steps, about which the same is assumed.
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
