package io.github.rseq4j.memory;

/** What tests of other packages ask of memory. */
public final class MemoryProbe {
    private MemoryProbe() {}

    /**
     * Returns how many bytes are populated.
     *
     * @param cells the cells
     */
    public static long populatedBytes(Cells cells) {
        return cells.populatedBytes();
    }

    /**
     * Tells whether elements lie where pops do not look.
     *
     * @param arrays the arrays
     */
    public static boolean isAnyBehind(TwinArrays arrays) {
        for (int index = 0; index < arrays.copies(); index++) {
            if (arrays.isBehind(index)) {
                return true;
            }
        }
        return false;
    }
}
