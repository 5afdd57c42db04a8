package io.github.rseq4j.bench.pool;

import io.github.rseq4j.percpu.PerCpuPool;
import io.netty.buffer.AbstractByteBufAllocator;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.buffer.UnpooledUnsafeDirectByteBuf;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A prototype of an allocator for Netty with idle buffers for each CPU: a {@link PerCpuPool} of whole direct buffers
 * for each power of two from 64 bytes to 64 KiB. It is the least that such an allocator can do: it cuts no chunks,
 * bounds no memory and counts nothing. So it shows the best that one could be.
 */
final class PerCpuAllocator extends AbstractByteBufAllocator {
    private static final int SMALLEST_SHIFT = 6;
    private static final int LARGEST_SHIFT = 16;

    private final List<PerCpuPool<Pooled>> pools = IntStream.rangeClosed(SMALLEST_SHIFT, LARGEST_SHIFT)
            .mapToObj(shift -> new PerCpuPool<>(() -> new Pooled(this, 1 << shift))).toList();

    PerCpuAllocator() {
        super(true);
    }

    /** A buffer that gives itself back to its pool when its count of references is 0. */
    private static final class Pooled extends UnpooledUnsafeDirectByteBuf {
        private PerCpuPool.@Nullable Lease<Pooled> lease;

        Pooled(PerCpuAllocator allocator, int bytes) {
            super(allocator, bytes, bytes);
        }

        ByteBuf use(PerCpuPool.Lease<Pooled> acquired) {
            lease = acquired;
            resetRefCnt();
            return clear();
        }

        @Override
        protected void deallocate() {
            if (lease != null) {
                lease.close();
            }
        }
    }

    @Override
    protected ByteBuf newDirectBuffer(int initialCapacity, int maxCapacity) {
        int shift = Math.max(SMALLEST_SHIFT, Integer.SIZE - Integer.numberOfLeadingZeros(initialCapacity - 1));
        if (shift > LARGEST_SHIFT) {
            return UnpooledByteBufAllocator.DEFAULT.directBuffer(initialCapacity, maxCapacity);
        }
        PerCpuPool.Lease<Pooled> lease = pools.get(shift - SMALLEST_SHIFT).acquire();
        return lease.value().use(lease);
    }

    @Override
    protected ByteBuf newHeapBuffer(int initialCapacity, int maxCapacity) {
        return UnpooledByteBufAllocator.DEFAULT.heapBuffer(initialCapacity, maxCapacity);
    }

    @Override
    public boolean isDirectBufferPooled() {
        return true;
    }
}
