package io.github.rseq4j.ir;

/** An operand of a step, other than a place in memory: a register or a constant. */
public sealed interface Operand {
    /**
     * A constant.
     *
     * @param value its value
     */
    record Imm(long value) implements Operand {
        @Override
        public String toString() {
            return Long.toString(value);
        }
    }

    /**
     * A register: one of the function's arguments, which no step writes, or a temporary. After a restart
     * arguments have their values, and temporaries are undefined.
     *
     * @param kind which of the two
     * @param number from 0
     */
    record Reg(Kind kind, int number) implements Operand {
        /** How many arguments every architecture has in registers. */
        static final int REGISTER_ARGUMENTS = 6;

        /** The kinds of register. */
        public enum Kind {
            /** An argument of the function. */
            ARGUMENT,
            /** A temporary, 8 bytes. */
            TEMPORARY
        }

        /** Tells whether every architecture has this in a register. */
        boolean isInRegister() {
            return !isArgument() || number < REGISTER_ARGUMENTS;
        }

        /** Tells whether this is an argument. */
        public boolean isArgument() {
            return kind == Kind.ARGUMENT;
        }

        @Override
        public String toString() {
            return (isArgument() ? "a" : "t") + number;
        }
    }

    /**
     * Names an argument.
     *
     * @param number from 0
     */
    static Reg arg(int number) {
        return new Reg(Reg.Kind.ARGUMENT, number);
    }

    /**
     * Names a temporary.
     *
     * @param number from 0
     */
    static Reg temp(int number) {
        return new Reg(Reg.Kind.TEMPORARY, number);
    }

    /**
     * Makes a constant.
     *
     * @param value its value
     */
    static Imm imm(long value) {
        return new Imm(value);
    }
}
