package io.github.rseq4j.code;

/**
 * What a section is emitted for, besides the architecture.
 *
 * @param rseqOffsetBytes the rseq area's distance from the thread pointer, of either sign
 * @param index which field of the area selects the memory
 * @param limit how many indices the memory has; a larger one leaves the section as out of range (I7)
 * @param strideShift the binary logarithm of the distance between two indices' copies, in bytes
 */
public record Target(long rseqOffsetBytes, Index index, int limit, int strideShift) {
    /** The values that the golden listings stand for: glibc 2.41's offset, 8 CPUs, a stride of 1 MiB. */
    public static final Target NOMINAL = new Target(-192, Index.MM_CID, 8, 20);

    /** Makes a target. */
    public Target {
        Rules.range("rseqOffsetBytes", rseqOffsetBytes, Integer.MIN_VALUE, Integer.MAX_VALUE - 64L);
        Rules.range("limit", limit, 1, 1 << 16);
        Rules.range("strideShift", strideShift, 3, 30);
    }

    /**
     * Returns the same target with another index.
     *
     * @param other the index
     */
    public Target with(Index other) {
        return new Target(rseqOffsetBytes, other, limit, strideShift);
    }
}
