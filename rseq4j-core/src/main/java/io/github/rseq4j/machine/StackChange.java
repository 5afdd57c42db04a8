package io.github.rseq4j.machine;

import java.util.List;

/**
 * The change that an instruction makes to the stack and to registers saved there. The encoder of the instruction
 * declares it; most instructions make no change. Registers have their numbers in DWARF.
 *
 * @param kind the kind of change
 * @param bytes the distance by which it moves the stack pointer: up, or down for a push
 * @param registers the registers that it saves or restores, from the stack pointer up, 8 bytes each; or the frame
 *     pointer
 */
public record StackChange(Kind kind, int bytes, List<Integer> registers) {
    /** The kinds of changes. */
    public enum Kind {
        /** Lowers the stack pointer, and saves registers at it. */
        PUSH,
        /** Restores registers from the stack pointer on, and raises it. */
        POP,
        /** Adds a constant to the stack pointer. */
        MOVE,
        /** Sets the frame pointer to the stack pointer. */
        LINK,
        /** Sets the stack pointer to the frame pointer. */
        UNLINK,
        /** Sets the stack pointer to an unknown value. */
        UNKNOWN
    }

    /** A change that no table of frames can describe. */
    public static final StackChange UNKNOWN = new StackChange(Kind.UNKNOWN, 0, List.of());

    /**
     * Lowers the stack pointer, and saves registers at it.
     *
     * @param bytes the distance
     * @param registers the registers
     */
    public static StackChange push(int bytes, Integer... registers) {
        return new StackChange(Kind.PUSH, bytes, List.of(registers));
    }

    /**
     * Restores registers from the stack pointer, and raises it.
     *
     * @param bytes the distance
     * @param registers the registers
     */
    public static StackChange pop(int bytes, Integer... registers) {
        return new StackChange(Kind.POP, bytes, List.of(registers));
    }

    /**
     * Adds to the stack pointer.
     *
     * @param bytes the number to add
     */
    public static StackChange move(long bytes) {
        return bytes == (int) bytes ? new StackChange(Kind.MOVE, (int) bytes, List.of()) : UNKNOWN;
    }

    /**
     * Sets the frame pointer to the stack pointer.
     *
     * @param framePointer the frame pointer
     */
    public static StackChange link(int framePointer) {
        return new StackChange(Kind.LINK, 0, List.of(framePointer));
    }

    /**
     * Sets the stack pointer to the frame pointer.
     *
     * @param framePointer the frame pointer
     */
    public static StackChange unlink(int framePointer) {
        return new StackChange(Kind.UNLINK, 0, List.of(framePointer));
    }
}
