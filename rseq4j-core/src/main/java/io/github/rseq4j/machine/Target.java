package io.github.rseq4j.machine;

import io.github.rseq4j.ir.Index;
import io.github.rseq4j.ir.Rules;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a section is emitted for, besides the architecture. The numbers are constants of the code; or they are known
 * only when the code is loaded, and then the code reads them from words of data.
 *
 * @param rseqOffsetBytes the rseq area's distance from the thread pointer, of either sign
 * @param index which field of the area selects the memory
 * @param limit how many indices the memory has; a larger one leaves the section as out of range (I7)
 * @param strideShift the binary logarithm of the distance between two indices' copies, in bytes
 * @param words where the code finds offset, index and limit when it runs, or null when they are constants of it
 */
public record Target(long rseqOffsetBytes, Index index, int limit, int strideShift, @Nullable Words words) {
    /**
     * The words of 8 bytes that code reads which does not know its area when it is emitted.
     *
     * @param area the area's distance from the thread pointer
     * @param index the index's distance from the thread pointer
     * @param limit how many indices there are
     */
    public record Words(Label area, Label index, Label limit) {}

    /** The values that the golden listings stand for: glibc 2.41's offset, 8 CPUs, a stride of 1 MiB. */
    public static final Target NOMINAL = new Target(-192, Index.MM_CID, 8, 20);

    /** Makes a target. */
    public Target {
        Rules.range("rseqOffsetBytes", rseqOffsetBytes, Integer.MIN_VALUE, Integer.MAX_VALUE - 64L);
        Rules.range("limit", limit, 1, 1 << 16);
        Rules.range("strideShift", strideShift, 3, 30);
    }

    /**
     * Makes a target whose numbers are constants.
     *
     * @param rseqOffsetBytes the rseq area's distance from the thread pointer, of either sign
     * @param index which field of the area selects the memory
     * @param limit how many indices the memory has
     * @param strideShift the binary logarithm of the distance between two indices' copies, in bytes
     */
    public Target(long rseqOffsetBytes, Index index, int limit, int strideShift) {
        this(rseqOffsetBytes, index, limit, strideShift, null);
    }

    /**
     * Returns the same target with another index.
     *
     * @param other the index
     */
    public Target with(Index other) {
        return new Target(rseqOffsetBytes, other, limit, strideShift, words);
    }

    /** Returns the same target, for code that reads its numbers from words. */
    public Target inWords() {
        return new Target(rseqOffsetBytes, index, limit, strideShift,
                new Words(new Label("area_offset"), new Label("index_offset"), new Label("index_limit")));
    }

    /**
     * Returns the labels of a function's data: its own, and the words behind it.
     *
     * @param own a label of its own
     */
    List<Label> data(Label own) {
        List<Label> data = new ArrayList<>();
        data.add(own);
        if (words != null) {
            data.add(words.area());
            data.add(words.index());
            data.add(words.limit());
        }
        return data;
    }

    /** Returns what the words must hold, in the order of {@link #data}; nothing where there are none. */
    public long[] wordValues() {
        return words == null ? new long[0]
                : new long[] {rseqOffsetBytes, rseqOffsetBytes + index.offsetBytes(), limit};
    }
}
