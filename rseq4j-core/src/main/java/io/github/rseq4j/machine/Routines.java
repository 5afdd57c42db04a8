package io.github.rseq4j.machine;

import io.github.rseq4j.ir.Width;
import io.github.rseq4j.kernel.SystemCall;

/**
 * One architecture's way to write routines: functions that make system calls and keep their variables on the stack.
 * They are called seldom, so they are written for the reader and not for speed: every operation loads what it needs and
 * stores what it made.
 *
 * <p>A function has local variables of 8 bytes, by number from 0; its arguments are the first of them. Labels that it
 * branches to lie ahead: there are no loops.
 */
public interface Routines {
    /** An operand of a call that is not a variable's value. */
    enum Kind {
        /** The value of a local variable. */
        LOCAL,
        /** A constant. */
        CONSTANT,
        /** The address of a local variable, and of those behind it. */
        ADDRESS
    }

    /**
     * What a call takes.
     *
     * @param kind how the value is to be read
     * @param value the constant or the variable's number
     */
    record Input(Kind kind, long value) {
        /**
         * The value of a local variable.
         *
         * @param number its number
         */
        public static Input local(int number) {
            return new Input(Kind.LOCAL, number);
        }

        /**
         * A constant.
         *
         * @param value the constant
         */
        public static Input constant(long value) {
            return new Input(Kind.CONSTANT, value);
        }

        /**
         * The address of a local variable.
         *
         * @param number its number
         */
        public static Input addressOf(int number) {
            return new Input(Kind.ADDRESS, number);
        }
    }

    /**
     * The function's entry: binds its label, makes room, and stores its arguments.
     *
     * @param function its label
     * @param arguments how many arguments it has, at most six
     * @param locals how many local variables, with the arguments
     */
    void enter(Label function, int arguments, int locals);

    /**
     * Returns a variable's value.
     *
     * @param local which
     */
    void leave(int local);

    /**
     * Leaves to another function, which returns to this one's caller.
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
     * @param input what
     */
    void set(int to, Input input);

    /**
     * {@code to += constant}.
     *
     * @param to a variable
     * @param constant fits 32 bits with sign
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
     * Subtracts a variable from another one.
     *
     * @param to the other one
     * @param from the variable
     */
    void subtract(int to, int from);

    /**
     * Reads memory: 8 bytes, or 4 with sign.
     *
     * @param to a variable
     * @param pointer the variable that holds the address
     * @param offset what is added to it, in bytes
     * @param width how many bytes
     */
    void load(int to, int pointer, int offset, Width width);

    /**
     * Writes memory that the calling thread has to itself.
     *
     * @param pointer the variable that holds the address
     * @param offset what is added to it, in bytes
     * @param from a variable
     * @param width how many bytes
     */
    void store(int pointer, int offset, int from, Width width);

    /**
     * Branches.
     *
     * @param label where to
     */
    void branch(Label label);

    /**
     * Branches if a variable has a value.
     *
     * @param local the variable
     * @param constant the value, fits 32 bits with sign
     * @param label where to
     */
    void branchIf(int local, int constant, Label label);

    /**
     * Branches unless a variable has a value.
     *
     * @param local the variable
     * @param constant the value, fits 32 bits with sign
     * @param label where to
     */
    void branchUnless(int local, int constant, Label label);

    /**
     * Branches if a variable is below 0.
     *
     * @param local the variable
     * @param label where to
     */
    void branchIfNegative(int local, Label label);

    /**
     * Branches if two variables have one value.
     *
     * @param local a variable
     * @param other the other
     * @param label where to
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
