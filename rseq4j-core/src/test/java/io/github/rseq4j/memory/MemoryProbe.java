package io.github.rseq4j.memory;

/** Opens internals of this package to tests of other packages. */
public final class MemoryProbe {
    private MemoryProbe() {}

    /**
     * Returns the number of populated bytes.
     *
     * @param cells the cells
     */
    public static long populatedBytes(Cells cells) {
        return cells.populatedBytes();
    }

    /**
     * Tells whether an array that pops do not use holds elements.
     *
     * @param arrays the arrays
     */
    public static boolean isAnyBehind(TwinArrays arrays) {
        for (int index = 0; index < arrays.copies(); index++) {
            if (arrays.isLeft(index)) {
                return true;
            }
        }
        return false;
    }
}
