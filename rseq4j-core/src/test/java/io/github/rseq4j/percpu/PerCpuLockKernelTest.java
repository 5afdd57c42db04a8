package io.github.rseq4j.percpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.rseq4j.Rseq;
import io.github.rseq4j.kernel.Linux;
import io.github.rseq4j.testing.Rseqs;
import java.util.BitSet;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** A lock belongs to the index at which it was taken, even after its holder migrates. */
final class PerCpuLockKernelTest {
    @Test
    void isHeldWhenItsHolderHasMigrated() throws InterruptedException {
        Rseqs.require();
        int[] cpus = BitSet.valueOf(Linux.sched_getaffinity(0)).stream().toArray();
        assumeTrue(cpus.length > 1, "there is one CPU alone");
        AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
        // A separate thread, because it is pinned.
        Thread holder = Thread.ofPlatform().start(() -> {
            try {
                requireHeld(cpus);
            } catch (Throwable t) {
                failure.set(t);
            }
        });
        holder.join();
        Throwable found = failure.get();
        if (found != null) {
            throw new AssertionError(found);
        }
    }

    private static void requireHeld(int[] cpus) {
        PerCpuLock lock = new PerCpuLock();
        for (int round = 0; round < 100; round++) {
            Linux.sched_setaffinity(0, cpus[round % cpus.length]);
            int index = lock.lock();
            int there = cpus[(round + 1) % cpus.length];
            Linux.sched_setaffinity(0, there);
            assertEquals(there, Rseq.currentCpu());
            assertFalse(lock.tryLock(index));
            int here = lock.tryLock();
            assertNotEquals(index, here);
            lock.unlock(index);
            if (here >= 0) {
                lock.unlock(here);
            }
        }
    }
}
