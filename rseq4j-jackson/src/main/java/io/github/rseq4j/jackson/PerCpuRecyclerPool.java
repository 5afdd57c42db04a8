package io.github.rseq4j.jackson;

import io.github.rseq4j.percpu.PerCpuPool;
import io.github.rseq4j.percpu.PoolStats;
import io.github.rseq4j.percpu.PerCpuPool.Lease;
import io.github.rseq4j.percpu.PoolOptions;
import java.io.InvalidObjectException;
import java.io.ObjectInputStream;
import java.io.Serializable;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.util.BufferRecycler;
import tools.jackson.core.util.RecyclerPool;

/**
 * A pool of Jackson's recyclers, which hold the buffers of parsers and generators. Idle recyclers are kept for each
 * CPU. The pool is for services that parse and write JSON on many threads, in particular virtual threads. The number of
 * recyclers follows the number of concurrent parses, not the number of threads, and threads on different CPUs do not
 * contend for them.
 *
 * {@snippet lang = java:
 * JsonFactory factory = JsonFactory.builder().recyclerPool(PerCpuRecyclerPool.shared()).build();
 * ObjectMapper mapper = new ObjectMapper(factory);
 * }
 *
 * <p><b>Threads.</b> Every method may be called from any thread. A recycler may be released by another thread than the
 * one that acquired it. Acquiring and releasing are wait-free except for restarts, as long as the current CPU has an
 * idle recycler, or room for one; otherwise they take a lock for some microseconds. Threads may migrate at any time,
 * also a virtual thread to another carrier.
 *
 * <p><b>Releasing.</b> Closing a parser or a generator releases its recycler. A parser that is never closed becomes
 * garbage together with its recycler, and the pool makes another one. Releasing an idle recycler, or one of another
 * pool, has no effect: a release happens inside the close of a parser, where no exception is expected.
 *
 * <p><b>Cost.</b> Two critical downcalls, some nanoseconds, and a lease of 24 bytes. In robust mode
 * ({@link PoolOptions#withRobust}) each acquisition costs a stack trace, and the first 8 parsers that were never closed
 * are logged as warnings with the places of their creation.
 *
 * <p><b>Memory.</b> There are at most twice the options' number of idle recyclers for each CPU, by default
 * {@link #DEFAULT_IDLE_PER_CPU}. A recycler has some 10 to 60 KB of buffers, depending on its use; {@link #clear} frees
 * idle ones. A larger number is useful if many parsers are open at the same time on each CPU, for example on sockets.
 *
 * <p><b>Serialisation.</b> {@link #shared} is read as the shared pool of the reading JVM. Another pool is read as a
 * new, empty pool with the same options, like Jackson's own pools.
 *
 * <p><b>Without rseq</b> the same steps run under a lock for each of a few stripes; see
 * {@link io.github.rseq4j.Rseq#availability()}.
 *
 * @since 0.1.0
 */
public final class PerCpuRecyclerPool implements RecyclerPool<BufferRecycler> {
    /** The default number of idle recyclers for each CPU. */
    public static final int DEFAULT_IDLE_PER_CPU = 16;

    /* How it works
     *
     * This is a PerCpuPool of recyclers. An acquired recycler refers to its lease; releasing the recycler closes the
     * lease. The pool refers to neither of them meanwhile, so both are collected with a parser that is never closed.
     *
     * Two plain flags tell whether a recycler is acquired and whether it is linked. Only the thread that has the
     * recycler writes them: after acquiring it and before releasing it, which the pool orders. A flag is used instead
     * of Jackson's reference to the pool, because writing a reference costs a barrier of the collector, twice for each
     * parser.
     *
     * If two threads release a recycler at the same time, both may find it acquired. Its lease decides which of them
     * gives it back.
     */
    private static final long serialVersionUID = 1L;

    private final transient boolean isShared;
    private final transient PoolOptions options;
    private final transient PerCpuPool<Recycler> recyclers;

    /** Holds the shared pool, which is created at the first use. */
    private static final class Shared {
        private static final PerCpuRecyclerPool POOL = new PerCpuRecyclerPool(true, defaults());
    }

    /** A recycler with its lease. */
    private static final class Recycler extends BufferRecycler {
        private final PerCpuRecyclerPool owner;
        private @Nullable Lease<Recycler> lease;
        private boolean isOut;
        private boolean isLinked;

        private Recycler(PerCpuRecyclerPool owner) {
            this.owner = owner;
        }

        @Override
        public boolean isLinkedWithPool() {
            return isLinked || super.isLinkedWithPool();
        }

        @Override
        public BufferRecycler withPool(RecyclerPool<BufferRecycler> pool) {
            boolean linked = isLinkedWithPool();
            if (linked || !isOut) {
                throw new IllegalStateException("linked=" + linked + ", out=" + isOut
                        + ": a recycler is linked once after it was acquired");
            }
            if (pool != owner) {
                // A pool that delegates to this one: that pool gives the recycler back.
                return super.withPool(pool);
            }
            isLinked = true;
            return this;
        }

        @Override
        public void releaseToPool() {
            if (isLinked) {
                release();
            } else {
                super.releaseToPool();
            }
        }

        private void release() {
            Lease<Recycler> current = lease;
            if (isOut && current != null) {
                isLinked = false;
                isOut = false;
                try {
                    current.close();
                } catch (IllegalStateException e) {
                    // Another thread has released it at the same time.
                    return;
                }
            }
        }
    }

    /**
     * The serialised form of a pool.
     *
     * @param isShared whether it is the shared pool
     * @param idlePerCpu the number of idle recyclers that it keeps for each CPU
     * @param robust whether it finds parsers that were never closed
     */
    private record Form(boolean isShared, int idlePerCpu, boolean robust) implements Serializable {
        private Object readResolve() throws InvalidObjectException {
            if (isShared) {
                return shared();
            }
            try {
                return new PerCpuRecyclerPool(PoolOptions.defaults().withIdlePerCpu(idlePerCpu).withRobust(robust));
            } catch (IllegalArgumentException e) {
                throw new InvalidObjectException(e.getMessage(), e);
            }
        }
    }

    /**
     * Creates an empty pool with the default options.
     *
     * @throws io.github.rseq4j.KernelException if a new range of cells is needed and the kernel refuses mmap(2)
     */
    public PerCpuRecyclerPool() {
        this(defaults());
    }

    /**
     * Creates an empty pool.
     *
     * @param options the number of idle recyclers, and whether the pool reports parsers that were never closed
     * @throws io.github.rseq4j.KernelException if a new range of cells is needed and the kernel refuses mmap(2)
     */
    public PerCpuRecyclerPool(PoolOptions options) {
        this(false, options);
    }

    private PerCpuRecyclerPool(boolean isShared, PoolOptions options) {
        this.isShared = isShared;
        this.options = Objects.requireNonNull(options);
        this.recyclers = new PerCpuPool<>(() -> new Recycler(this), _ -> { }, options);
    }

    private static PoolOptions defaults() {
        return PoolOptions.defaults().withIdlePerCpu(DEFAULT_IDLE_PER_CPU);
    }

    /** {@return the shared pool, which has the default options} */
    public static PerCpuRecyclerPool shared() {
        return Shared.POOL;
    }

    private Recycler acquire() {
        Lease<Recycler> lease = recyclers.acquire();
        Recycler recycler = lease.value();
        recycler.lease = lease;
        recycler.isOut = true;
        return recycler;
    }

    /**
     * Acquires a recycler. {@link BufferRecycler#releaseToPool} gives it back.
     *
     * @return the recycler
     */
    @Override
    public BufferRecycler acquireAndLinkPooled() {
        Recycler recycler = acquire();
        recycler.isLinked = true;
        return recycler;
    }

    /**
     * Acquires a recycler. {@link #releasePooled} gives it back.
     *
     * @return the recycler
     */
    @Override
    public BufferRecycler acquirePooled() {
        return acquire();
    }

    /**
     * Gives a recycler back. Has no effect on an idle recycler, or on one of another pool.
     *
     * @param pooled the recycler
     */
    @Override
    public void releasePooled(BufferRecycler pooled) {
        Objects.requireNonNull(pooled);
        if (pooled instanceof Recycler recycler && recycler.owner == this) {
            recycler.release();
        }
    }

    /**
     * Drops all idle recyclers. Acquired recyclers still come back to the pool.
     *
     * @return true
     * @throws io.github.rseq4j.KernelException if the kernel refuses a fence; nothing has changed then
     */
    @Override
    public boolean clear() {
        recyclers.clear();
        return true;
    }

    /** {@return the number of recyclers that were idle a moment ago} */
    @Override
    public int pooledCount() {
        return recyclers.idle();
    }

    /** {@return the statistics of the pool at this moment} */
    public PoolStats stats() {
        return recyclers.stats();
    }

    /**
     * Replaces the pool when it is serialised.
     *
     * @return the serialised form
     */
    private Object writeReplace() {
        return new Form(isShared, options.idlePerCpu(), options.robust());
    }

    /**
     * Refuses a stream that was not written by a pool.
     *
     * @param in the stream
     * @throws InvalidObjectException always
     */
    @SuppressWarnings("UnusedVariable")
    private void readObject(ObjectInputStream in) throws InvalidObjectException {
        throw new InvalidObjectException("a pool is read from what writeReplace wrote");
    }

    /** Returns {@link #stats} in one line. */
    @Override
    public String toString() {
        return "PerCpuRecyclerPool" + stats().toString().substring(PoolStats.class.getSimpleName().length());
    }
}
