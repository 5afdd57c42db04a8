package io.github.rseq4j.machine;

import io.github.rseq4j.ir.Width;
import io.github.rseq4j.kernel.SystemCall;

/**
 * Writes routines for one architecture: functions that make system calls and keep their variables on the stack.
 * Routines run seldom, so they are written for the reader, not for speed: every operation loads its inputs and stores
 * its result.
 *
 * <p>A routine has local variables of 8 bytes, numbered from 0. The first ones are its arguments. It branches only
 * forward, so there are no loops.
 */
public interface Routines {
    /** The kinds of operands of a call. */
    enum Kind {
        /** The value of a local variable. */
        LOCAL,
        /** A constant. */
        CONSTANT,
        /** The address of a local variable, and of the variables after it. */
        ADDRESS
    }

    /**
     * An operand of a call.
     *
     * @param kind its kind
     * @param value the constant, or the number of the variable
     */
    record Input(Kind kind, long value) {
        /**
         * Returns the value of a local variable.
         *
         * @param number its number
         */
        public static Input local(int number) {
            return new Input(Kind.LOCAL, number);
        }

        /**
         * Returns a constant.
         *
         * @param value the constant
         */
        public static Input constant(long value) {
            return new Input(Kind.CONSTANT, value);
        }

        /**
         * Returns the address of a local variable.
         *
         * @param number its number
         */
        public static Input addressOf(int number) {
            return new Input(Kind.ADDRESS, number);
        }
    }

    /**
     * Begins a routine: binds its label, makes room on the stack, and stores its arguments.
     *
     * @param function its label
     * @param arguments the number of its arguments, at most six
     * @param locals the number of its local variables, arguments included
     */
    void enter(Label function, int arguments, int locals);

    /**
     * Returns a variable's value.
     *
     * @param local the variable
     */
    void leave(int local);

    /**
     * Jumps to another function, which returns to this routine's caller.
     *
     * @param pointer the variable that holds its address
     * @param inputs its arguments
     */
    void leaveTo(int pointer, Input... inputs);

    /**
     * Binds a label here.
     *
     * @param label the label
     */
    void bind(Label label);

    /**
     * {@code to = input}.
     *
     * @param to a variable
     * @param input the operand
     */
    void set(int to, Input input);

    /**
     * {@code to += constant}.
     *
     * @param to a variable
     * @param constant a signed number of 32 bits
     */
    void add(int to, int constant);

    /**
     * {@code to <<= bits}.
     *
     * @param to a variable
     * @param bits 1 to 63
     */
    void shiftLeft(int to, int bits);

    /**
     * {@code to = address of label}.
     *
     * @param to a variable
     * @param label a function or a word of data
     */
    void address(int to, Label label);

    /**
     * Reads a word of data, 8 bytes.
     *
     * @param to a variable
     * @param word the word
     */
    void loadWord(int to, Label word);

    /**
     * Writes a word of data, 8 bytes.
     *
     * @param word the word
     * @param from a variable
     */
    void storeWord(Label word, int from);

    /**
     * {@code to = the thread pointer + to}.
     *
     * @param to a variable
     */
    void addThreadPointer(int to);

    /**
     * {@code to -= from}.
     *
     * @param to a variable
     * @param from a variable
     */
    void subtract(int to, int from);

    /**
     * Reads memory: 8 bytes, or 4 signed bytes.
     *
     * @param to a variable
     * @param pointer the variable that holds the address
     * @param offset added to the address, in bytes
     * @param width the number of bytes
     */
    void load(int to, int pointer, int offset, Width width);

    /**
     * Writes memory that only the calling thread uses.
     *
     * @param pointer the variable that holds the address
     * @param offset added to the address, in bytes
     * @param from a variable
     * @param width the number of bytes
     */
    void store(int pointer, int offset, int from, Width width);

    /**
     * Branches.
     *
     * @param label the target
     */
    void branch(Label label);

    /**
     * Branches if a variable has a value.
     *
     * @param local the variable
     * @param constant the value, a signed number of 32 bits
     * @param label the target
     */
    void branchIf(int local, int constant, Label label);

    /**
     * Branches unless a variable has a value.
     *
     * @param local the variable
     * @param constant the value, a signed number of 32 bits
     * @param label the target
     */
    void branchUnless(int local, int constant, Label label);

    /**
     * Branches if a variable is negative.
     *
     * @param local the variable
     * @param label the target
     */
    void branchIfNegative(int local, Label label);

    /**
     * Branches if two variables are equal.
     *
     * @param local a variable
     * @param other another variable
     * @param label the target
     */
    void branchIfSame(int local, int other, Label label);

    /**
     * Makes a system call.
     *
     * @param result the variable that receives its result: a value, or -errno
     * @param call the call
     * @param inputs its arguments
     */
    void systemCall(int result, SystemCall call, Input... inputs);

    /**
     * Calls one of these routines.
     *
     * @param result the variable that receives its result
     * @param function its label
     * @param inputs its arguments
     */
    void call(int result, Label function, Input... inputs);

    /**
     * Calls a function.
     *
     * @param result the variable that receives its result
     * @param pointer the variable that holds its address
     * @param inputs its arguments
     */
    void callTo(int result, int pointer, Input... inputs);
}
