package io.github.rseq4j.percpu;

import io.github.rseq4j.memory.Cells;

/** How many cells are held, for tests that their structures give them back. */
final class CellsHeld {
    private CellsHeld() {}

    /** Returns how many cells are held once the collector finds no more that other tests left. */
    static long settled() throws InterruptedException {
        long held = Cells.get().held();
        for (int quiet = 0; quiet < 5;) {
            System.gc();
            Thread.sleep(10);
            long now = Cells.get().held();
            quiet = now == held ? quiet + 1 : 0;
            held = now;
        }
        return held;
    }
}
