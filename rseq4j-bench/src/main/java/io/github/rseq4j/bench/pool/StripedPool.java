package io.github.rseq4j.bench.pool;

import java.util.concurrent.atomic.AtomicReferenceArray;
import tools.jackson.core.util.BufferRecycler;
import tools.jackson.core.util.JsonRecyclerPools;
import tools.jackson.core.util.RecyclerPool;

/**
 * The pools that were proposed for Jackson, as their description tells what they do (jackson-core#1687, which is not
 * released): slots in an array, which a thread searches from a place of its own on. The hybrid one gives platform
 * threads a recycler each.
 */
final class StripedPool implements RecyclerPool<BufferRecycler> {
    private static final long serialVersionUID = 1;
    /** The slots of a cache line and of the one that the processor fetches with it. */
    private static final int STEP = 32;
    private static final int MIN_SLOTS = 16;
    private static final int SLOTS_PER_CPU = 4;

    private final int slots = Integer.highestOneBit(Math.max(MIN_SLOTS, SLOTS_PER_CPU
            * Runtime.getRuntime().availableProcessors()) * 2 - 1);
    private final AtomicReferenceArray<BufferRecycler> array = new AtomicReferenceArray<>(slots * STEP);
    private final RecyclerPool<BufferRecycler> ofPlatformThreads = JsonRecyclerPools.threadLocalPool();
    private final boolean isHybrid;

    StripedPool(boolean isHybrid) {
        this.isHybrid = isHybrid;
    }

    private static int home() {
        long id = Thread.currentThread().threadId() * 0x9E3779B97F4A7C15L;
        return (int) (id >>> 32);
    }

    private boolean isLocal() {
        return isHybrid && !Thread.currentThread().isVirtual();
    }

    @Override
    public BufferRecycler acquireAndLinkPooled() {
        return isLocal() ? ofPlatformThreads.acquireAndLinkPooled() : acquirePooled().withPool(this);
    }

    @Override
    public BufferRecycler acquirePooled() {
        if (isLocal()) {
            return ofPlatformThreads.acquirePooled();
        }
        int home = home();
        for (int i = 0; i < slots; i++) {
            int slot = (home + i & slots - 1) * STEP;
            if (array.getPlain(slot) != null) {
                BufferRecycler recycler = array.getAndSet(slot, null);
                if (recycler != null) {
                    return recycler;
                }
            }
        }
        return new BufferRecycler();
    }

    @Override
    public void releasePooled(BufferRecycler recycler) {
        if (isLocal()) {
            return;
        }
        int home = home();
        for (int i = 0; i < slots; i++) {
            int slot = (home + i & slots - 1) * STEP;
            if (array.getPlain(slot) == null && array.compareAndSet(slot, null, recycler)) {
                return;
            }
        }
    }
}
