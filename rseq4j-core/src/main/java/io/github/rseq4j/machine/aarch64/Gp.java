package io.github.rseq4j.machine.aarch64;

import java.util.Locale;

/**
 * A general-purpose register of A64. Two registers have the number 31 in the encoding: each operand accepts only one of
 * the two.
 */
enum Gp {
    X0, X1, X2, X3, X4, X5, X6, X7, X8, X9, X10, X11, X12, X13, X14, X15, X16, X17, X18, X19, X20, X21, X22, X23, X24,
    X25, X26, X27, X28, X29, X30,
    /** The stack pointer: in addresses, in additions of constants and in comparisons with them. */
    SP,
    /** Zero: in every other operand. */
    ZERO;

    /** The frame pointer, and the register that holds a call's return address (AAPCS64, 6.1.1). */
    static final Gp FRAME = X29;
    static final Gp LINK = X30;

    private static final int LAST = 31;

    /** Returns the register's number in the encoding, which is its number in DWARF too. */
    int number() {
        return Math.min(ordinal(), LAST);
    }

    /** Returns the register's name at a size of 4 or 8 bytes. */
    String name(int bytes) {
        return switch (this) {
            case SP -> bytes == 8 ? "sp" : "wsp";
            case ZERO -> bytes == 8 ? "xzr" : "wzr";
            default -> bytes == 8 ? name().toLowerCase(Locale.ROOT) : "w" + ordinal();
        };
    }
}
