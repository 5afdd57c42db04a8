package io.github.rseq4j.jackson;

import io.github.rseq4j.percpu.PerCpuPool;
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
 * Jackson's recyclers, the buffers that parsers and generators work with, kept idle for each CPU: for services that
 * parse and write JSON on many threads, virtual ones above all. There are as many recyclers as are used at a time, not
 * as there are threads, and taking one contends with nobody.
 *
 * {@snippet lang = java:
 * JsonFactory factory = JsonFactory.builder().recyclerPool(PerCpuRecyclerPool.shared()).build();
 * ObjectMapper mapper = new ObjectMapper(factory);
 * }
 *
 * <p><b>Threads.</b> Every method may be called from any thread, and a recycler may be released by another thread than
 * took it. Acquiring and releasing is wait-free but for restarts while the current CPU has an idle recycler, and room
 * for one; else it takes a lock for some microseconds. Migration, also of a virtual thread to another carrier, is no
 * matter.
 *
 * <p><b>Releasing.</b> Closing a parser or a generator releases its recycler. A parser that is never closed is garbage
 * with its recycler, and the pool makes another one. Releasing a recycler that is idle does nothing: it happens where a
 * parser is closed, in whose place no exception is expected. So does releasing a recycler that is not of this pool.
 *
 * <p><b>Cost.</b> Two critical downcalls, some nanoseconds, and a lease of 24 bytes. In robust mode
 * ({@link PoolOptions#withRobust}) each acquisition costs a stack trace, and the first 8 parsers that were never closed
 * are logged as warnings with the places where they were made.
 *
 * <p><b>Memory.</b> Idle recyclers: at most twice the options' number for each CPU, by default
 * {@link #DEFAULT_IDLE_PER_CPU}. One has some 10 to 60 KB of buffers, by what it was used for; {@link #clear} gives
 * them up. Options for more are for who holds many parsers open at a time on each CPU, say on sockets.
 *
 * <p><b>Serialisation.</b> {@link #shared} becomes the shared pool of the JVM that reads it, another one a new, empty
 * pool of the same options, as Jackson's own pools do.
 *
 * <p><b>Without rseq</b> the same steps run under a lock for each of a few stripes; see
 * {@link io.github.rseq4j.Rseq#availability()}.
 */
public final class PerCpuRecyclerPool implements RecyclerPool<BufferRecycler> {
    /** The number of idle recyclers for each CPU where no other is asked for. */
    public static final int DEFAULT_IDLE_PER_CPU = 16;

    /* How it works
     *
     * A PerCpuPool of recyclers, each of which refers to its lease while it is out: releasing is closing that. The pool
     * refers to neither then, so that both are collected with a parser that nobody closes.
     *
     * Whether a recycler is out, and linked, are plain flags, written by whoever has it alone: before it is released,
     * and behind its acquisition, which the pool orders. A flag and not Jackson's reference to the pool says that it is
     * linked: writing a reference costs a collector's barrier, twice for each parser.
     *
     * Of two threads that release one recycler at the same moment both may find that it is out: its lease decides which
     * one gives it back.
     */
    private static final long serialVersionUID = 1L;

    private final transient boolean isShared;
    private final transient PoolOptions options;
    private final transient PerCpuPool<Recycler> recyclers;

    /** Makes the shared pool when it is first asked for. */
    private static final class Shared {
        private static final PerCpuRecyclerPool POOL = new PerCpuRecyclerPool(true, defaults());
    }

    /** A recycler that finds its way back by its lease. */
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
                // A pool that stands in front of this one: it gives the recycler back.
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
                    // Another thread released it at the same moment.
                    return;
                }
            }
        }
    }

    /**
     * What a pool is written as.
     *
     * @param isShared whether it is the shared pool
     * @param idlePerCpu how many idle recyclers it keeps for each CPU
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

    /** Makes an empty pool with the default options. */
    public PerCpuRecyclerPool() {
        this(defaults());
    }

    /**
     * Makes an empty pool.
     *
     * @param options how many recyclers may be idle, and whether the pool finds parsers that were never closed
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

    /** {@return the one pool that all who ask for it share, with the default options} */
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
     * Acquires a recycler that its {@link BufferRecycler#releaseToPool} gives back.
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
     * Acquires a recycler that {@link #releasePooled} gives back.
     *
     * @return the recycler
     */
    @Override
    public BufferRecycler acquirePooled() {
        return acquire();
    }

    /**
     * Gives a recycler back. One that is idle, or that is not of this pool, is left alone.
     *
     * @param pooled a recycler
     */
    @Override
    public void releasePooled(BufferRecycler pooled) {
        Objects.requireNonNull(pooled);
        if (pooled instanceof Recycler recycler && recycler.owner == this) {
            recycler.release();
        }
    }

    /**
     * Gives up every recycler that is idle. Those that are in use come back to the pool.
     *
     * @return true
     * @throws RuntimeException when the kernel refuses a fence, and nothing has changed then
     */
    @Override
    public boolean clear() {
        recyclers.clear();
        return true;
    }

    /** {@return how many recyclers were idle a moment ago} */
    @Override
    public int pooledCount() {
        return recyclers.idle();
    }

    /** {@return what the pool has done, and what it holds} */
    public PerCpuPool.Stats stats() {
        return recyclers.stats();
    }

    /**
     * Says what is written in the pool's place.
     *
     * @return whether it is the shared one, and its options
     */
    private Object writeReplace() {
        return new Form(isShared, options.idlePerCpu(), options.robust());
    }

    /**
     * Refuses a stream that was made up.
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
        return "PerCpuRecyclerPool" + stats().toString().substring(PerCpuPool.Stats.class.getSimpleName().length());
    }
}
