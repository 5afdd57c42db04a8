package io.github.rseq4j.elf;

import io.github.rseq4j.machine.Assembled;
import io.github.rseq4j.machine.CallFrames;
import io.github.rseq4j.machine.Checker;
import io.github.rseq4j.machine.Label;
import io.github.rseq4j.machine.Lowering;
import io.github.rseq4j.machine.MachineCode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The code of an ELF image: its functions, one after the other, and the result of placing them. */
final class ElfCode {
    private final ElfParts parts;
    private final Lowering lowering;
    private final List<MachineCode> placed = new ArrayList<>();
    private final List<CallFrames.Function> functions = new ArrayList<>();
    private int start;

    ElfCode(ElfParts parts, Lowering lowering) {
        this.parts = parts;
        this.lowering = lowering;
    }

    /**
     * Places the code. It may be called again with another offset; size and frames must not depend on the offset.
     *
     * @param image receives the code and the descriptors
     * @param from the offset of the code
     * @param outside the offsets of descriptors and data
     * @throws IllegalStateException if the size differs from that of the first call
     */
    void place(byte[] image, int from, Map<Label, Long> outside) {
        boolean isFirst = placed.isEmpty();
        int before = isFirst ? 0 : end() - start;
        placed.clear();
        byte[] breakpoint = lowering.breakpoint();
        int end = from;
        for (Assembled function : parts.functions()) {
            int at = (end + Assembled.ALIGN_BYTES - 1) / Assembled.ALIGN_BYTES * Assembled.ALIGN_BYTES;
            // The bytes between two functions are not executed.
            for (int i = end; i < at; i++) {
                image[i] = breakpoint[i % breakpoint.length];
            }
            MachineCode code = function.within(image, at, outside);
            placed.add(code);
            if (isFirst) {
                functions.addAll(CallFrames.of(code, parts.functionLabels(), lowering.elf().frames()));
            }
            end = code.insns().getLast().end();
        }
        if (!isFirst) {
            if (end - from != before) {
                throw new IllegalStateException("code=" + (end - from) + " bytes, " + before + " at the first place");
            }
            for (int i = 0; i < functions.size(); i++) {
                functions.set(i, functions.get(i).moved(from - start));
            }
        }
        start = from;
    }

    /**
     * Checks the placed code.
     *
     * @throws IllegalStateException if the checker refuses a function
     */
    void check() {
        for (MachineCode code : placed) {
            Checker.require(code);
        }
    }

    /** Returns the offset of the first byte after the code. */
    int end() {
        return functions.getLast().end();
    }

    /**
     * Returns the offset of the first byte after a function.
     *
     * @param start the offset of its first instruction
     */
    int end(long start) {
        for (CallFrames.Function function : functions) {
            if (function.start() == start) {
                return function.end();
            }
        }
        throw new IllegalStateException("offset=" + start + " is not the start of a function");
    }

    /** Returns the offsets of all labels of the code, and of its entries. */
    Map<Label, Long> labels() {
        Map<Label, Long> labels = new HashMap<>();
        for (MachineCode code : placed) {
            labels.putAll(code.labels());
        }
        for (int i = 0; i < placed.size(); i++) {
            labels.putIfAbsent(parts.entries().get(i), placed.get(i).entry());
        }
        return labels;
    }

    ElfFrames frames() {
        return new ElfFrames(functions, lowering.elf().frames());
    }
}
