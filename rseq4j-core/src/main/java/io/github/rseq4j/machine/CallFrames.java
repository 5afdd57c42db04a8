package io.github.rseq4j.machine;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The caller's frame and its saved registers at each instruction of some code: the content of DWARF's call frame
 * information (DWARF 5, chapter 6.4). It is derived from the effects that the encoder declares for each instruction,
 * and is independent of the architecture.
 */
public final class CallFrames {
    /* How it works
     *
     * The frame at the first instruction of a function is the state after a call. From there the analysis follows the
     * control flow: the stack change of an instruction determines the frame at its successors. An abort handler is a
     * successor of every instruction of its section, because the kernel continues there with the same stack. If two
     * paths lead to one instruction, their frames must be equal; at a return the frame must be that of the start. So
     * the tables hold at every instruction, and code that they cannot describe is refused.
     *
     * Refused: directives like .cfi_adjust_cfa_offset in the assemblers. They can be forgotten, and exits after a
     * return would have to repeat them.
     */

    /**
     * A function.
     *
     * @param start the offset of its first instruction
     * @param end the offset of the first byte after it
     * @param rows the changes of its frame, in order; before the first one the frame is the state after a call
     */
    public record Function(int start, int end, List<Row> rows) {
        /**
         * Returns the function at another offset.
         *
         * @param bytes the distance by which it has moved
         */
        public Function moved(int bytes) {
            List<Row> moved = new ArrayList<>();
            for (Row row : rows) {
                moved.add(new Row(row.offset() + bytes, row.register(), row.bytes(), row.saved()));
            }
            return new Function(start + bytes, end + bytes, List.copyOf(moved));
        }
    }

    /**
     * The frame from an instruction on. The caller's frame begins at the value of the stack pointer after the return.
     *
     * @param offset the offset of the instruction
     * @param register the base register, by its number in DWARF
     * @param bytes the distance of the caller's frame above the base register
     * @param saved the saved registers, with their distances below the caller's frame
     */
    public record Row(int offset, int register, int bytes, SortedMap<Integer, Integer> saved) {}

    private static final int NONE = -1;

    private final MachineCode code;
    private final List<CodeBuffer.Placed> insns;
    private final Lowering.Dwarf dwarf;
    private final Frame called;
    private final Map<Long, Integer> indices = new HashMap<>();
    private final TreeSet<Integer> starts = new TreeSet<>();
    private final Frame[] frames;
    private final ArrayDeque<Integer> changed = new ArrayDeque<>();

    private CallFrames(MachineCode code, Lowering.Dwarf dwarf) {
        this.code = code;
        this.insns = code.insns();
        this.dwarf = dwarf;
        this.called = Frame.called(dwarf);
        this.frames = new Frame[insns.size()];
        for (int i = 0; i < insns.size(); i++) {
            indices.put((long) insns.get(i).offset(), i);
        }
    }

    /**
     * Finds the functions of some code, and their frames.
     *
     * @param code the code; its first instruction begins a function
     * @param entries labels of other functions; labels of other code are ignored, and called functions need not be
     *     listed
     * @param dwarf the architecture's DWARF numbers
     * @return the functions in the order of their offsets
     * @throws IllegalStateException if an instruction can be reached with different frames, if a function returns with
     *     another stack than it was called with, or if an instruction belongs to no function
     */
    public static List<Function> of(MachineCode code, Collection<Label> entries, Lowering.Dwarf dwarf) {
        CallFrames frames = new CallFrames(code, dwarf);
        frames.start(code.entryOffset());
        for (Label entry : entries) {
            Long offset = code.labels().get(entry);
            if (offset != null && frames.indices.containsKey(offset)) {
                frames.start(offset);
            }
        }
        for (CodeBuffer.Placed insn : code.insns()) {
            if (insn.insn().effect() == Effect.CALL && insn.target() >= 0) {
                frames.start(insn.target());
            }
        }
        frames.follow();
        return frames.functions();
    }

    private void start(long offset) {
        int index = index(offset);
        starts.add(index);
        reach(index, called);
    }

    private int index(long offset) {
        Integer index = indices.get(offset);
        if (index == null) {
            throw refused("offset " + offset, "no instruction begins there");
        }
        return index;
    }

    private IllegalStateException refused(String where, String why) {
        return new IllegalStateException("function=" + code.name() + ", " + where + ": " + why);
    }

    private IllegalStateException refused(int index, String why) {
        CodeBuffer.Placed insn = insns.get(index);
        return refused("\"" + insn.insn().text() + "\" at " + insn.offset(), why);
    }

    private void reach(int index, Frame frame) {
        if (frames[index] == null) {
            frames[index] = frame;
            changed.add(index);
        } else if (!frames[index].isSame(frame)) {
            throw refused(index, "is reached with different frames");
        }
    }

    private void follow() {
        while (!changed.isEmpty()) {
            int index = changed.remove();
            Frame frame = frames[index];
            CodeBuffer.Placed placed = insns.get(index);
            for (MachineCode.Range section : code.ranges()) {
                if (section.contains(placed.offset())) {
                    reach(index(section.abort()), frame);
                }
            }
            Frame next = frame.after(placed.insn().stack(), dwarf);
            if (next == null) {
                throw refused(index, "leaves a stack that is not known");
            }
            Effect effect = placed.insn().effect();
            if (effect == Effect.DATA) {
                throw refused(index, "is reached");
            }
            if (effect == Effect.RETURN) {
                if (!next.isSame(called)) {
                    throw refused(index, "leaves another stack than the function was called with");
                }
                continue;
            }
            boolean branches = effect == Effect.BRANCH || effect == Effect.CHECK_REGISTERED
                    || effect == Effect.CHECK_INDEX;
            if (branches) {
                reach(index(placed.target()), next);
            }
            // A branch at the end of a function is always taken; the checker verifies that.
            if (!branches || !isEnd(index + 1)) {
                reach(index(placed.end()), next);
            }
        }
    }

    private boolean isEnd(int index) {
        return index == insns.size() || starts.contains(index);
    }

    private List<Function> functions() {
        List<Function> functions = new ArrayList<>();
        List<Row> rows = new ArrayList<>();
        Frame before = called;
        int start = 0;
        for (int i = 0; i < frames.length; i++) {
            if (frames[i] == null) {
                if (insns.get(i).insn().effect() != Effect.DATA) {
                    throw refused(i, "is in no function");
                }
            } else {
                if (!frames[i].isFoundAs(before)) {
                    rows.add(frames[i].row(insns.get(i).offset(), dwarf));
                }
                before = frames[i];
            }
            if (isEnd(i + 1)) {
                functions.add(new Function(insns.get(start).offset(), insns.get(i).end(), List.copyOf(rows)));
                rows.clear();
                before = called;
                start = i + 1;
            }
        }
        return functions;
    }

    /** A frame: the distances of stack pointer and frame pointer below the caller's frame, and saved registers. */
    private static final class Frame {
        private final int stackBytes;
        private final int framePointer;
        private final int linkedBytes;
        private final SortedMap<Integer, Integer> saved;

        private Frame(int stackBytes, int framePointer, int linkedBytes, SortedMap<Integer, Integer> saved) {
            this.stackBytes = stackBytes;
            this.framePointer = framePointer;
            this.linkedBytes = linkedBytes;
            this.saved = saved;
        }

        static Frame called(Lowering.Dwarf dwarf) {
            return new Frame(dwarf.calledBytes(), NONE, 0, dwarf.calledSaves());
        }

        /** Replaces the equals of records, whose first use costs a fresh JVM some milliseconds. */
        boolean isSame(Frame other) {
            return stackBytes == other.stackBytes && framePointer == other.framePointer
                    && linkedBytes == other.linkedBytes && saved.equals(other.saved);
        }

        /** Tells whether one row describes both frames: with a frame pointer the stack pointer does not matter. */
        boolean isFoundAs(Frame other) {
            return framePointer == other.framePointer && linkedBytes == other.linkedBytes
                    && (framePointer != NONE || stackBytes == other.stackBytes) && saved.equals(other.saved);
        }

        Row row(int offset, Lowering.Dwarf dwarf) {
            return framePointer == NONE ? new Row(offset, dwarf.stackPointer(), stackBytes, saved)
                    : new Row(offset, framePointer, linkedBytes, saved);
        }

        /** Returns the frame after an instruction, or null if it is unknown. */
        @Nullable Frame after(@Nullable StackChange change, Lowering.Dwarf dwarf) {
            if (change == null) {
                return this;
            }
            List<Integer> registers = change.registers();
            return switch (change.kind()) {
                case PUSH -> pushed(change);
                case POP -> popped(change, dwarf);
                case MOVE -> new Frame(stackBytes - change.bytes(), framePointer, linkedBytes, saved);
                case LINK -> new Frame(stackBytes, registers.getFirst(), stackBytes, saved);
                case UNLINK -> framePointer == registers.getFirst()
                        ? new Frame(linkedBytes, framePointer, linkedBytes, saved) : null;
                case UNKNOWN -> null;
            };
        }

        private @Nullable Frame pushed(StackChange change) {
            SortedMap<Integer, Integer> now = new TreeMap<>(saved);
            int bytes = stackBytes + change.bytes();
            for (int i = 0; i < change.registers().size(); i++) {
                if (now.put(change.registers().get(i), bytes - i * Long.BYTES) != null) {
                    return null;
                }
            }
            return new Frame(bytes, framePointer, linkedBytes, now);
        }

        private @Nullable Frame popped(StackChange change, Lowering.Dwarf dwarf) {
            SortedMap<Integer, Integer> now = new TreeMap<>(saved);
            int pointer = framePointer;
            for (int i = 0; i < change.registers().size(); i++) {
                int register = change.registers().get(i);
                Integer at = now.remove(register);
                if (register == dwarf.stackPointer() || at == null || at != stackBytes - i * Long.BYTES) {
                    return null;
                }
                pointer = register == pointer ? NONE : pointer;
            }
            return new Frame(stackBytes - change.bytes(), pointer, pointer == NONE ? 0 : linkedBytes, now);
        }
    }
}
