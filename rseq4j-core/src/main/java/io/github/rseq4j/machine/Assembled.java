package io.github.rseq4j.machine;

import io.github.rseq4j.ir.Rules;
import io.github.rseq4j.kernel.Architecture;
import io.github.rseq4j.kernel.RseqCs;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A compiled function: instructions and labels that have no address yet.
 *
 * @param name the function's name
 * @param architecture its architecture
 * @param buffer the instructions
 * @param sections the sections' labels
 * @param data the labels of the 8-byte words of data that it uses, in the order of their addresses
 */
public record Assembled(String name, Architecture architecture, CodeBuffer buffer, List<SectionLabels> sections,
                        List<Label> data) {
    /** Alignment of an image, in bytes: a cache line, which is enough for a descriptor. */
    public static final int ALIGN_BYTES = 64;

    /**
     * The labels of a section.
     *
     * @param name the section's name
     * @param descriptor its struct rseq_cs
     * @param start its first instruction
     * @param postCommit the first instruction after its commit
     * @param abort its abort handler
     */
    public record SectionLabels(String name, Label descriptor, Label start, Label postCommit, Label abort) {}

    /** Copies the lists. */
    public Assembled {
        sections = List.copyOf(sections);
        data = List.copyOf(data);
    }

    /**
     * Places the function.
     *
     * @param base the address of the image's first byte, a multiple of {@link #ALIGN_BYTES}
     * @param dataAddress the address of its first word of data, within 1 GiB
     */
    public MachineCode at(long base, long dataAddress) {
        Rules.range("base % " + ALIGN_BYTES, Math.floorMod(base, ALIGN_BYTES), 0, 0);
        Map<Label, Long> labels = new HashMap<>();
        int entry = 0;
        for (SectionLabels section : sections) {
            labels.put(section.descriptor(), (long) entry);
            entry += RseqCs.BYTES;
        }
        for (int i = 0; i < data.size(); i++) {
            labels.put(data.get(i), dataAddress - base + (long) i * Long.BYTES);
        }
        return placed(base, dataAddress, entry, labels, new byte[0]);
    }

    /**
     * Places the function in a larger image, and does not check it.
     *
     * @param image receives the code and the descriptors; it is loaded as a whole
     * @param codeOffset the offset of the code
     * @param outside the offsets of descriptors and data
     */
    public MachineCode within(byte[] image, int codeOffset, Map<Label, Long> outside) {
        return placed(0, 0, codeOffset, new HashMap<>(outside), image);
    }

    private MachineCode placed(long base, long dataAddress, int entry, Map<Label, Long> labels, byte[] within) {
        List<CodeBuffer.Placed> insns = buffer.place(entry, labels);
        int end = insns.isEmpty() ? entry : insns.getLast().end();
        ByteBuffer image = ByteBuffer.wrap(within.length == 0 ? new byte[end] : within)
                .order(ByteOrder.LITTLE_ENDIAN);
        List<MachineCode.Range> ranges = new ArrayList<>();
        for (SectionLabels section : sections) {
            MachineCode.Range range = new MachineCode.Range(section.name(), offset(labels, section.descriptor()),
                    offset(labels, section.start()), offset(labels, section.postCommit()),
                    offset(labels, section.abort()));
            image.position(range.descriptor());
            image.putInt(0).putInt(0)
                    .putLong(base + range.start())
                    .putLong(range.postCommit() - range.start())
                    .putLong(base + range.abort());
            ranges.add(range);
        }
        image.position(entry);
        for (CodeBuffer.Placed insn : insns) {
            image.put(insn.bytes());
        }
        return new MachineCode(name, architecture, base, image.array(), dataAddress, entry, insns, Map.copyOf(labels),
                List.copyOf(ranges));
    }

    /**
     * Places the function, and checks it.
     *
     * @param base the address of the image's first byte, a multiple of {@link #ALIGN_BYTES}
     * @param dataAddress the address of its first word of data, within 1 GiB
     * @throws IllegalStateException if the {@link Checker} refuses it
     */
    public MachineCode checked(long base, long dataAddress) {
        return Checker.require(at(base, dataAddress));
    }

    private static int offset(Map<Label, Long> labels, Label label) {
        Long offset = labels.get(label);
        if (offset == null) {
            throw new IllegalStateException("label=" + label + " is not bound");
        }
        return Math.toIntExact(offset);
    }
}
