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
 * Where the caller's frame is, and what it had in the registers that a function saves, at each instruction of some
 * code: the contents of DWARF's call frame information (DWARF 5, chapter 6.4). It reads what the encoder says of each
 * instruction, and knows no architecture.
 */
public final class CallFrames {
    /* How it works
     *
     * The frame at a function's first instruction is what a call leaves. From there it follows the control flow: each
     * instruction's change of the stack makes the frame at its successors. The kernel goes on at an abort handler from
     * any instruction of its section, with that one's stack. Where two ways lead to one instruction their frames must
     * be the same, and where a function returns the frame must be as it was at the start: so the tables hold at every
     * instruction, and code that they could not describe is refused.
     *
     * Refused: directives by which the assemblers say what they have pushed, as .cfi_adjust_cfa_offset does. They can
     * be forgotten, and exits behind a return would have to repeat them.
     */

    /**
     * A function.
     *
     * @param start the offset of its first instruction
     * @param end the offset behind it
     * @param rows where its frame changes, in order; ahead of the first row it is what a call leaves
     */
    public record Function(int start, int end, List<Row> rows) {
        /**
         * Returns the function at another place.
         *
         * @param bytes how far it has moved
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
     * The frame from one instruction on. The caller's frame begins where its stack pointer will be after the return.
     *
     * @param offset the instruction's offset
     * @param register the register that the caller's frame is found by, by its number in DWARF
     * @param bytes how far above that register the caller's frame is
     * @param saved registers that were saved, and how far below the caller's frame
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
     * @param entries other labels that functions begin at, those of other code among them; what is called need not be
     *     named
     * @param dwarf the architecture's numbers
     * @return the functions in their order
     * @throws IllegalStateException where the frame is not the same each time that an instruction is reached, where a
     *     function does not return with the stack that it was called with, or where an instruction belongs to none
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
            // A branch at the end of a function is one that is always taken: the checker's matter, not ours.
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

    /** A frame: the stack pointer's and the frame pointer's distance below the caller's frame, and what is saved. */
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

        /** Not a record's equals, whose first use costs a fresh JVM some milliseconds. */
        boolean isSame(Frame other) {
            return stackBytes == other.stackBytes && framePointer == other.framePointer
                    && linkedBytes == other.linkedBytes && saved.equals(other.saved);
        }

        /** Tells whether one row of a table serves both: with a frame pointer the stack pointer does not matter. */
        boolean isFoundAs(Frame other) {
            return framePointer == other.framePointer && linkedBytes == other.linkedBytes
                    && (framePointer != NONE || stackBytes == other.stackBytes) && saved.equals(other.saved);
        }

        Row row(int offset, Lowering.Dwarf dwarf) {
            return framePointer == NONE ? new Row(offset, dwarf.stackPointer(), stackBytes, saved)
                    : new Row(offset, framePointer, linkedBytes, saved);
        }

        /** Returns the frame behind an instruction, or null: nobody knows. */
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
