package io.github.rseq4j.code;

import io.github.rseq4j.code.Operand.Reg;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A critical section: steps of which the last is the commit.
 *
 * @param name its steps, the order and nothing else: {@code load_add_store_relaxed}
 * @param steps the steps
 * @param result what the function returns when this is its last section, or null for 0; it must not be negative
 */
public record Section(String name, List<Step> steps, @Nullable Reg result) {
    /** The exits a section may have. */
    public static final int MAX_EXITS = 8;
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
        Rules.check(name, steps, result);
    }

    /** Returns the last step. */
    public Step.Commit commit() {
        return (Step.Commit) steps.getLast();
    }
}
