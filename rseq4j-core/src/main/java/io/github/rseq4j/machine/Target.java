package io.github.rseq4j.machine;

import io.github.rseq4j.ir.Index;
import io.github.rseq4j.ir.Rules;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The target of a section, in addition to the architecture. The numbers are constants of the code, or the code reads
 * them from words of data, if they are known only when the code is loaded.
 *
 * @param rseqOffsetBytes the rseq area's distance from the thread pointer, of either sign
 * @param index the field of the area that selects the copy
 * @param limit the number of indices; with another index the section returns out of range (I7)
 * @param strideShift the binary logarithm of the distance between two indices' copies, in bytes
 * @param words the words with offset, index and limit, or null if these are constants
 */
public record Target(long rseqOffsetBytes, Index index, int limit, int strideShift, @Nullable Words words) {
    /**
     * The words of 8 bytes that code reads if its area is not known when it is emitted.
     *
     * @param area the area's distance from the thread pointer
     * @param index the index's distance from the thread pointer
     * @param limit the number of indices
     */
    public record Words(Label area, Label index, Label limit) {}

    /** The values of the golden listings: glibc 2.41's offset, 8 CPUs, a stride of 1 MiB. */
    public static final Target NOMINAL = new Target(-192, Index.MM_CID, 8, 20);

    /** Creates a target. */
    public Target {
        Rules.range("rseqOffsetBytes", rseqOffsetBytes, Integer.MIN_VALUE, Integer.MAX_VALUE - 64L);
        Rules.range("limit", limit, 1, 1 << 16);
        Rules.range("strideShift", strideShift, 3, 30);
    }

    /**
     * Creates a target whose numbers are constants.
     *
     * @param rseqOffsetBytes the rseq area's distance from the thread pointer, of either sign
     * @param index the field of the area that selects the copy
     * @param limit the number of indices
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
     * Returns the labels of a function's data: its own word, and then the words of the target.
     *
     * @param own the label of its own word
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

    /** Returns the values of the words, in the order of {@link #data}; empty if there are none. */
    public long[] wordValues() {
        return words == null ? new long[0]
                : new long[] {rseqOffsetBytes, rseqOffsetBytes + index.offsetBytes(), limit};
    }
}
