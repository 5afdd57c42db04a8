package io.github.rseq4j.machine;

import io.github.rseq4j.ir.Operand;
import io.github.rseq4j.ir.Step;
import io.github.rseq4j.kernel.SystemCall;

/**
 * Writes the parts of a function for one architecture. The {@link Compiler} calls the methods in the order of the code.
 * Each method appends its instructions to the buffer.
 */
public interface Assembler {
    /** The smallest cache line of code, in bytes. */
    int CODE_LINE_BYTES = 16;

    /** The labels to which a step may leave its section. */
    interface Exits {
        /**
         * Returns the label of an exit.
         *
         * @param number the number of the exit, from 0
         */
        Label exit(int number);

        /** Returns the label for a length or count that exceeds its bound. */
        Label outOfRange();
    }

    /**
     * Writes the entry of the function.
     *
     * @param restarts the most restarts of all its sections together
     */
    void enter(int restarts);

    /**
     * Arms a section: stores the descriptor's address to the thread's rseq_cs. Then binds the section's start.
     *
     * @param descriptor the descriptor
     * @param start the start of the section
     */
    void arm(Label descriptor, Label start);

    /**
     * Leaves the section if the thread is not registered, which cpu_id tells.
     *
     * @param unregistered the target
     */
    void checkRegistered(Label unregistered);

    /**
     * Loads the index, checks it, and computes the slot: index times stride.
     *
     * @param outOfRange the target if the index is not less than its limit
     */
    void loadSlot(Label outOfRange);

    /**
     * Writes a step.
     *
     * @param step the step
     * @param exits the labels to which it may leave
     */
    void step(Step step, Exits exits);

    /**
     * Returns from the function.
     *
     * @param result the result
     */
    void leave(Operand result);

    /**
     * Writes the abort handler: signature, count, and jump to the next try. The code after it runs if no restart is
     * left.
     *
     * @param abort bound to the handler's first instruction
     * @param aborts a counter of 8 bytes that is incremented atomically
     * @param restarts the most restarts of the function
     * @param retry the label before the section, where it is armed
     */
    void abort(Label abort, Label aborts, int restarts, Label retry);

    /** Routine: returns the thread pointer. */
    void returnThreadPointer();

    /**
     * Routine: returns a 4-byte field of the thread's rseq area, sign-extended; the first argument is its offset.
     */
    void returnAreaField();

    /**
     * Routine: increments a counter of 8 bytes atomically.
     *
     * @param counter the counter
     */
    void increment(Label counter);

    /**
     * Routine: a system call with constant arguments; its result is dropped.
     *
     * @param call the system call
     * @param arguments at most three
     */
    void systemCall(SystemCall call, long... arguments);

    /**
     * Routine: makes written code visible to instruction fetch. Its arguments are the address and the number of lines
     * of {@link #CODE_LINE_BYTES} bytes, at least one.
     */
    void synchroniseCode();

    /**
     * Routine: writes an instruction and makes it visible to instruction fetch. The first long of a cell is the
     * address, the second one holds the instruction.
     *
     * @param cell 16 bytes
     */
    void replaceInstruction(Label cell);
}
