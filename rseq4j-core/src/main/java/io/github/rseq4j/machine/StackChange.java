package io.github.rseq4j.machine;

import java.util.List;

/**
 * What an instruction does to the stack and to the registers that a function saves there. The encoder that makes the
 * instruction says it; most do nothing to them. Registers have their numbers in DWARF.
 *
 * @param kind what it does
 * @param bytes how far it moves the stack pointer: up, or down where it pushes
 * @param registers the registers that it saves or restores, from the stack pointer up, 8 bytes each; or the frame
 *     pointer
 */
public record StackChange(Kind kind, int bytes, List<Integer> registers) {
    /** What an instruction does. */
    public enum Kind {
        /** Lowers the stack pointer, and saves registers at it. */
        PUSH,
        /** Restores registers that lie at the stack pointer, and raises it. */
        POP,
        /** Adds a constant to the stack pointer. */
        MOVE,
        /** Sets the frame pointer to the stack pointer. */
        LINK,
        /** Sets the stack pointer to the frame pointer. */
        UNLINK,
        /** Sets the stack pointer to what is not known here. */
        UNKNOWN
    }

    /** A change that no table of frames can describe. */
    public static final StackChange UNKNOWN = new StackChange(Kind.UNKNOWN, 0, List.of());

    /**
     * Lowers the stack pointer, and saves registers at it.
     *
     * @param bytes how far
     * @param registers the registers
     */
    public static StackChange push(int bytes, Integer... registers) {
        return new StackChange(Kind.PUSH, bytes, List.of(registers));
    }

    /**
     * Restores registers from the stack pointer, and raises it.
     *
     * @param bytes how far
     * @param registers the registers
     */
    public static StackChange pop(int bytes, Integer... registers) {
        return new StackChange(Kind.POP, bytes, List.of(registers));
    }

    /**
     * Adds to the stack pointer.
     *
     * @param bytes how much
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
