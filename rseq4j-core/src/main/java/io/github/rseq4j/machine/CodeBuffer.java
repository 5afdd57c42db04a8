package io.github.rseq4j.machine;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Instructions and labels in the order of the code, before they are placed. */
public final class CodeBuffer {
    /* How it works
     *
     * Branches have a short and a long form. Placing starts with the shortest form of each branch, and lengthens
     * branches that do not reach their target until all do. Lengths only grow, so this ends. GNU as does the same, so
     * its output can be compared byte for byte.
     */

    /**
     * A placed instruction.
     *
     * @param offset the offset in the image
     * @param insn the instruction
     * @param bytes its encoding
     * @param target the offset of its target, or -1 if it has none
     */
    public record Placed(int offset, Insn insn, byte[] bytes, long target) {
        /** Returns the offset of the first byte after the instruction. */
        public int end() {
            return offset + bytes.length;
        }
    }

    private final List<Object> items = new ArrayList<>();

    /**
     * Appends an instruction.
     *
     * @param insn the instruction
     */
    public void emit(Insn insn) {
        items.add(insn);
    }

    /**
     * Binds a label to the current place.
     *
     * @param label the label, which can be bound only once
     */
    public void bind(Label label) {
        for (Object item : items) {
            if (item == label) {
                throw new IllegalStateException("label=" + label + " is bound already");
            }
        }
        items.add(label);
    }

    /**
     * Places all labels and instructions.
     *
     * @param start the offset of the first instruction
     * @param labels the offsets of labels outside of the buffer; labels of the buffer are added
     * @return the instructions in order
     */
    List<Placed> place(int start, Map<Label, Long> labels) {
        IdentityHashMap<Insn, Integer> forms = new IdentityHashMap<>();
        while (true) {
            long offset = start;
            Map<Label, Long> at = new HashMap<>(labels);
            for (Object item : items) {
                if (item instanceof Label label) {
                    at.put(label, offset);
                } else {
                    offset += form((Insn) item, forms).sizeBytes();
                }
            }
            if (!lengthen(start, at, forms)) {
                labels.putAll(at);
                return encode(start, at, forms);
            }
        }
    }

    private boolean lengthen(int start, Map<Label, Long> at, IdentityHashMap<Insn, Integer> forms) {
        boolean changed = false;
        long offset = start;
        for (Object item : items) {
            if (item instanceof Insn insn) {
                Insn.Form form = form(insn, forms);
                if (!form.reaches(target(insn, at) - offset)) {
                    int longer = forms.getOrDefault(insn, 0) + 1;
                    if (longer == insn.forms().size()) {
                        throw new IllegalStateException(
                                "instruction \"" + insn.text() + "\" does not reach its target");
                    }
                    forms.put(insn, longer);
                    changed = true;
                }
                offset += form.sizeBytes();
            }
        }
        return changed;
    }

    private List<Placed> encode(int start, Map<Label, Long> at, IdentityHashMap<Insn, Integer> forms) {
        List<Placed> placed = new ArrayList<>();
        int offset = start;
        for (Object item : items) {
            if (item instanceof Insn insn) {
                long target = target(insn, at);
                byte[] bytes = form(insn, forms).encode(target - offset);
                placed.add(new Placed(offset, insn, bytes, insn.target() == null ? -1 : target));
                offset += bytes.length;
            }
        }
        return placed;
    }

    private static Insn.Form form(Insn insn, IdentityHashMap<Insn, Integer> forms) {
        return insn.forms().get(forms.getOrDefault(insn, 0));
    }

    private static long target(Insn insn, Map<Label, Long> at) {
        Label target = insn.target();
        if (target == null) {
            return 0;
        }
        @Nullable Long offset = at.get(target);
        if (offset == null) {
            throw new IllegalStateException("instruction \"" + insn.text() + "\": label " + target + " is not bound");
        }
        return offset;
    }
}
