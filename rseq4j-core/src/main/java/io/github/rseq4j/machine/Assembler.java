package io.github.rseq4j.machine;

import io.github.rseq4j.ir.Operand;
import io.github.rseq4j.ir.Step;
import io.github.rseq4j.kernel.SystemCall;

/**
 * One architecture's way to write the parts of a function. The {@link Compiler} calls these in the order of the code;
 * each appends its instructions to the buffer.
 */
public interface Assembler {
    /** The smallest line of a cache that code lies in, in bytes. */
    int CODE_LINE_BYTES = 16;

    /** Where a step of a section may leave to. */
    interface Exits {
        /**
         * Returns the label of an exit.
         *
         * @param number from 0
         */
        Label exit(int number);

        /** Returns the label for a length or count beyond its bound. */
        Label outOfRange();
    }

    /**
     * The function's entry.
     *
     * @param restarts how often its sections may be restarted in all
     */
    void enter(int restarts);

    /**
     * Stores the descriptor's address to the thread's rseq_cs, and binds the section's start behind it.
     *
     * @param descriptor the descriptor
     * @param start where the section starts
     */
    void arm(Label descriptor, Label start);

    /**
     * Leaves when cpu_id says that the thread has no registration.
     *
     * @param unregistered where to
     */
    void checkRegistered(Label unregistered);

    /**
     * Loads the index, checks it, and makes the slot of it: its multiple of the stride.
     *
     * @param outOfRange where to go when the index is beyond its limit
     */
    void loadSlot(Label outOfRange);

    /**
     * One step.
     *
     * @param step the step
     * @param exits where it may leave to
     */
    void step(Step step, Exits exits);

    /**
     * Returns from the function.
     *
     * @param result what it returns
     */
    void leave(Operand result);

    /**
     * The abort handler: signature, count, and on to the next try; behind it goes what is done when no restart is left.
     *
     * @param abort bound to the handler's first instruction
     * @param aborts a counter of 8 bytes that is incremented atomically
     * @param restarts how often the function may restart
     * @param retry the place ahead of the section
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
     * Routine: makes code that was written visible to instruction fetch, and returns. Its arguments are the address,
     * and how many lines of {@link #CODE_LINE_BYTES} bytes, at least one.
     */
    void synchroniseCode();

    /**
     * Routine: writes the instruction that the second long of a cell holds to the address that the first one holds, and
     * makes it visible to instruction fetch.
     *
     * @param cell 16 bytes
     */
    void replaceInstruction(Label cell);
}
