package io.github.rseq4j.percpu;

import io.github.rseq4j.memory.Cells;

/** Counts held cells, for tests that structures release them. */
final class CellsHeld {
    private CellsHeld() {}

    /** Returns the number of held cells after the collector has found all garbage of other tests. */
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
