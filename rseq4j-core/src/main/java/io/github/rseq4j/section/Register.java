package io.github.rseq4j.section;

import io.github.rseq4j.ir.Operand.Reg;
import org.jspecify.annotations.Nullable;

/**
 * A word of 8 bytes that steps work on: an argument of the function, or a temporary, which a step produces. No step
 * changes an argument, because a restart needs it. A temporary belongs to one section. After a restart it is undefined
 * until its step runs again. A register belongs to the {@link SectionBuilder} that returned it. Immutable.
 *
 * @since 0.1.0
 */
public final class Register implements Value {
    /* How it works
     *
     * ir.Operand.Reg is a value that has the number alone, so registers of two builders would be equal. This class
     * adds the builder and the section, by which Draft recognises and refuses a register of another one.
     */
    private final SectionBuilder builder;
    private final @Nullable Draft draft;
    private final Reg reg;

    Register(SectionBuilder builder, @Nullable Draft draft, Reg reg) {
        this.builder = builder;
        this.draft = draft;
        this.reg = reg;
    }

    SectionBuilder builder() {
        return builder;
    }

    /** Returns the section that a temporary belongs to; null for an argument. */
    @Nullable Draft draft() {
        return draft;
    }

    /** Returns the register by its number in the draft. */
    Reg reg() {
        return reg;
    }

    /**
     * Returns the register's name in messages of its builder: {@code a0} is the first argument, {@code t0} the first
     * temporary of its section. A listing has the names of the machine's temporaries. A temporary of the machine may
     * hold several temporaries of the section, one after the other.
     */
    @Override
    public String toString() {
        return reg.toString();
    }
}
