package io.github.rseq4j.machine;

import io.github.rseq4j.kernel.Architecture;
import java.util.List;
import java.util.Map;

/**
 * A placed function: its image, and the information for the checker, the listing and the abort proof.
 *
 * @param name the function's name
 * @param architecture its architecture
 * @param base the address of the image's first byte, a multiple of 64
 * @param bytes the image: the sections' descriptors, then the code
 * @param dataAddress the address of its first word of data
 * @param entryOffset the offset of the code
 * @param insns the instructions in order
 * @param labels the offsets of all labels
 * @param ranges the sections
 */
public record MachineCode(String name, Architecture architecture, long base, byte[] bytes, long dataAddress,
                          int entryOffset, List<CodeBuffer.Placed> insns, Map<Label, Long> labels,
                          List<Range> ranges) {
    /**
     * One section, by offsets in the image.
     *
     * @param name the section's name
     * @param descriptor its struct rseq_cs
     * @param start its first instruction
     * @param postCommit the first instruction after its commit
     * @param abort its abort handler
     */
    public record Range(String name, int descriptor, int start, int postCommit, int abort) {
        /**
         * Tells whether an instruction lies inside the section.
         *
         * @param offset the instruction's offset
         */
        public boolean contains(long offset) {
            return offset >= start && offset < postCommit;
        }
    }

    /** Returns the address to call. */
    public long entry() {
        return base + entryOffset;
    }
}
