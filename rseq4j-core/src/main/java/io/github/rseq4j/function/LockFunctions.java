package io.github.rseq4j.function;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.engine.Link;
import io.github.rseq4j.sections.LoadCbneAddressStore;

/** The function of the locks as a constant, linked when the first lock is used. */
public final class LockFunctions {
    private static final Link TAKE = Engine.link(LoadCbneAddressStore.CHAIN);

    private LockFunctions() {}

    /**
     * Takes the cell's copy at the calling thread's index if the copy is 0.
     *
     * @param cell the cell
     * @return the address of the copy, or a negative number if the copy was not 0
     */
    public static long take(long cell) {
        return TAKE.run(cell);
    }
}
