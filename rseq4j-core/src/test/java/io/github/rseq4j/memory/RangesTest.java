package io.github.rseq4j.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.engine.NativeEngine;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Ranges come back when they are given back or their owner is collected, and hold nothing of it then. */
final class RangesTest {
    private static final byte[] IMAGE = new byte[(int) Ranges.STRIDE_BYTES];

    static {
        Arrays.fill(IMAGE, (byte) 3);
    }

    private final Engine engine = Engine.get();
    private final Ranges ranges = new Ranges(engine);

    private void write(long range) {
        for (int copy = 0; copy < engine.copies(); copy++) {
            engine.memory().putLong(range + (copy + 1) * Ranges.STRIDE_BYTES - 8, 5);
        }
    }

    private void assertHolds(long range, long word) {
        for (int copy = 0; copy < engine.copies(); copy++) {
            for (long offset : new long[] {0, 8, 4096, Ranges.STRIDE_BYTES - 8}) {
                assertEquals(word, engine.memory().getLong(range + copy * Ranges.STRIDE_BYTES + offset));
            }
        }
    }

    private static long shown(Ranges.Holding holding) {
        return holding.showsImage() ? 0x0303_0303_0303_0303L : 0;
    }

    @Test
    void handsOutNewRangesAlsoWhenTheyCameBack() {
        for (byte[] image : List.of(IMAGE, new byte[0], IMAGE)) {
            Ranges.Holding holding = ranges.hold(this, image);
            assertEquals(image.length > 0 && engine instanceof NativeEngine, holding.showsImage());
            long range = ranges.take(holding);
            assertHolds(range, shown(holding));
            write(range);
            ranges.giveBack(holding);
            assertEquals(1, ranges.waiting());
            ranges.giveBack(holding);
            assertEquals(1, ranges.waiting(), "giving back again does nothing");
        }
    }

    @Test
    void keepsRangesApart() {
        Ranges.Holding one = ranges.hold(this, IMAGE);
        Ranges.Holding other = ranges.hold(this, new byte[0]);
        long first = ranges.take(one);
        long second = ranges.take(one);
        long third = ranges.take(other);
        assertNotEquals(first, second);
        write(first);
        assertHolds(second, shown(one));
        assertHolds(third, 0);
    }

    @Test
    void takesBackWhatACollectedOwnerHeld() throws InterruptedException {
        long range = ranges.take(ranges.hold(new Object(), IMAGE));
        write(range);
        for (int i = 0; i < 200 && ranges.waiting() == 0; i++) {
            System.gc();
            Thread.sleep(10);
        }
        assertEquals(1, ranges.waiting(), "the collector found the owner");
        assertEquals(range, ranges.take(ranges.hold(this, new byte[0])));
        assertHolds(range, 0);
    }
}
