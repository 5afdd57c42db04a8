package io.github.rseq4j.section;

import io.github.rseq4j.ir.Operand.Reg;
import org.jspecify.annotations.Nullable;

/**
 * A word of 8 bytes that steps work on. It is an argument of the function, which no step changes, because a restart
 * needs it; or a temporary, which a step produces. A temporary is undefined after a restart, until its step runs again,
 * and belongs to one section. A register belongs to the {@link SectionBuilder} that returned it.
 *
 * @since 0.1.0
 */
public final class Register implements Value {
    /* How it works
     *
     * ir.Operand.Reg has the number alone, and is a value: registers of two builders would be equal. This class adds
     * the builder and the section, by which Draft refuses a register that is not its own.
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
     * temporary of its section. A listing has the machine's temporaries, each of which may hold several of these, one
     * after the other.
     */
    @Override
    public String toString() {
        return reg.toString();
    }
}
