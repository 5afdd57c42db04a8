package io.github.rseq4j.trace.ring;

import io.github.rseq4j.KernelException;
import io.github.rseq4j.Rseq;
import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.engine.FallbackEngine;
import io.github.rseq4j.interpreter.PagedMemory;
import io.github.rseq4j.kernel.Linux;
import io.github.rseq4j.memory.Cells;
import io.github.rseq4j.trace.common.TraceTime;
import io.github.rseq4j.trace.common.TracerCounts;
import io.github.rseq4j.trace.file.SafeFolder;
import io.github.rseq4j.trace.file.Uninterrupted;
import java.io.IOException;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The rings of a tracer, one for each CPU that has recorded something. */
public final class Rings {
    /* How it works
     *
     * The heads are cells: some words for each index, in memory of this process alone, with what sections trust: where
     * the ring is, and its masks. With rseq, the ring and its state lie in shared memory, which outlives the process;
     * on the fallback in that of the engine.
     *
     * A head of zeros takes nothing: a CPU that has no ring yet, one whose ring could not be made, and all of them when
     * the tracer is closed. Closing writes 0 to the limit of each and makes a fence; then no section is inside a ring,
     * and its memory is given back. A section that finds a limit finds, up to that fence, the ring.
     *
     * The cells go back when nobody can call a probe any more (I8). Native functions are for ever, and so are the cells
     * of a tracer that has some: 64 bytes of each index's.
     *
     * Native code cannot make a ring. It counts, at its CPU's head, what found none; the tracer's thread looks there
     * and makes the ring. The CPUs that the process may use have theirs ahead of that, where they are few.
     */
    public static final String FILE = "ring_";
    private static final long PAUSE_NANOS = 1_000_000_000;
    /** So many CPUs have rings before native code comes to them. */
    private static final int FEW = 8;
    /** Cells are handed out at any multiple of 8; these lie in one cache line. */
    private static final int CELLS = 2 * TraceRing.HEAD_BYTES / Long.BYTES - 1;
    /** What is reachable for ever, because native functions use it. */
    private static final Queue<Object> NATIVE = new ConcurrentLinkedQueue<>();

    private final Engine engine = Engine.get();
    private final RingSizes sizes;
    private final boolean isDiscarding;
    private final UUID uuid;
    private final SafeFolder folder;
    private final TracerCounts counts;
    private final Object holder = new Object();
    private final long cells;
    private final @Nullable RingView[] byIndex;
    /** When a ring that could not be made may be tried again, by nanoTime; 0 for those that were not tried. */
    private final long[] tryAgainAt;
    private final List<RingView> opened = new CopyOnWriteArrayList<>();
    private final Consumer<RingView> listener;
    private @Nullable String lostOnKill;
    private long missedAtClose;
    private boolean isMaking;
    private boolean isClosed;
    private boolean isFenced;
    private volatile boolean isNative;

    /**
     * Makes a ring for the calling thread's CPU.
     *
     * @param folder where the files go that name them
     * @param uuid the trace's
     * @param sizes their sizes
     * @param isDiscarding whether a full ring takes no more, or overwrites
     * @param counts counts failures
     * @param listener is told of each ring before it takes anything
     * @throws IOException when no ring can be made
     */
    public Rings(SafeFolder folder, UUID uuid, RingSizes sizes, boolean isDiscarding, TracerCounts counts,
            Consumer<RingView> listener) throws IOException {
        this.folder = folder;
        this.uuid = uuid;
        this.sizes = sizes;
        this.isDiscarding = isDiscarding;
        this.counts = counts;
        this.listener = listener;
        this.byIndex = new RingView[engine.copies()];
        this.tryAgainAt = new long[engine.copies()];
        try {
            this.cells = Cells.get().allocate(holder, CELLS) + TraceRing.HEAD_BYTES - 1 & -TraceRing.HEAD_BYTES;
            make(engine.cpuIndex());
        } catch (KernelException e) {
            throw new IOException("no ring can be made: " + e.getMessage(), e);
        }
    }

    /** Returns the address of the heads: the first one's. */
    public long cells() {
        return cells;
    }

    /** Returns the rings that there are by now. */
    public List<RingView> opened() {
        return opened;
    }

    /** Returns why what is in a ring is lost when the process is killed, or null when it is not. */
    public synchronized @Nullable String lostOnKill() {
        return lostOnKill;
    }

    private long head(int index) {
        return cells + ((long) index << Engine.STRIDE_SHIFT);
    }

    /**
     * Makes the ring of a CPU that has none.
     *
     * @param index which CPU's
     * @return whether an event that found no ring may be tried again
     */
    public synchronized boolean open(int index) {
        if (isClosed) {
            return false;
        }
        if (isMaking) {
            // An event of what makes a ring: an agent's that logs opened files, for one. It must not make one in turn.
            counts.lost();
            return false;
        }
        if (byIndex[index] != null || tryToMake(index)) {
            return true;
        }
        counts.lost();
        return false;
    }

    private boolean tryToMake(int index) {
        try {
            if (tryAgainAt[index] == 0 || System.nanoTime() - tryAgainAt[index] >= 0) {
                make(index);
                return true;
            }
        } catch (IOException | KernelException e) {
            tryAgainAt[index] = System.nanoTime() + PAUSE_NANOS | 1;
            counts.failed(e);
        }
        return false;
    }

    /** Makes what native code needs, which cannot ask for a ring: from now on the tracer's thread must look. */
    public synchronized void serveNative() {
        if (isClosed || isNative) {
            return;
        }
        NATIVE.add(holder);
        isNative = true;
        BitSet allowed = BitSet.valueOf(Linux.sched_getaffinity(0));
        if (allowed.cardinality() <= FEW) {
            allowed.stream().filter(cpu -> cpu < byIndex.length && byIndex[cpu] == null).forEach(this::tryToMake);
        }
    }

    /** Makes the rings that native code has missed since. */
    public void openMissed() {
        if (isNative) {
            synchronized (this) {
                for (int index = 0; index < byIndex.length && !isClosed; index++) {
                    if (byIndex[index] == null && !isMaking && missed(index) != 0) {
                        tryToMake(index);
                    }
                }
            }
        }
    }

    private long missed(int index) {
        return engine.memory().getLong(head(index) + TraceRing.MISSED);
    }

    /** Returns how many events of native code found no ring, while the tracer was not closed. */
    public synchronized long missed() {
        if (!isNative || isClosed) {
            return missedAtClose;
        }
        long sum = 0;
        for (int index = 0; index < byIndex.length; index++) {
            sum += missed(index);
        }
        return sum;
    }

    private synchronized void make(int index) throws IOException {
        isMaking = true;
        try {
            makeAndOpen(index);
        } finally {
            isMaking = false;
        }
    }

    private void makeAndOpen(int index) throws IOException {
        long base;
        RingView ring;
        if (engine instanceof FallbackEngine) {
            base = engine.reserve(TraceRing.STATE_BYTES + sizes.ringBytes()) + TraceRing.STATE_BYTES;
            ring = new PagedRing(engine.memory(), index, base, sizes.subBufferBytes(), sizes.ringBytes());
            lostOnKill = "the rings are in the heap, because " + Rseq.availability().reason();
            tellRecovery(index);
        } else {
            SharedRing shared = Uninterrupted.run(() -> SharedRing.create(folder, uuid, index, sizes, isDiscarding));
            if (shared.refusal() != null) {
                lostOnKill = "the rings are in memory of the process alone, because of " + shared.refusal();
            }
            base = shared.base();
            ring = shared;
        }
        try {
            ring.start(TraceTime.now());
            listener.accept(ring);
            opened.add(ring);
        } catch (Throwable t) {
            if (ring instanceof SharedRing shared) {
                shared.remove();
                folder.delete(FILE + index);
                shared.close();
            }
            throw t;
        }
        byIndex[index] = ring;
        describe(ring, base);
    }

    /** Lets who recovers find that there was a ring which ends with the process; what it holds is recorded anyway. */
    private void tellRecovery(int index) {
        RingFile file = RingFile.ofProcess(RingFile.OF_HEAP, uuid, sizes.ringBytes());
        try {
            boolean _ = Uninterrupted.run(() -> {
                folder.write(FILE + index, file.text(), true);
                return true;
            });
        } catch (IOException e) {
            counts.failed(e);
        }
    }

    /** Tells whether what a ring holds is found behind the process. */
    public boolean isKept(RingView ring) {
        return ring instanceof SharedRing shared && shared.id() >= 0 && folder.exists(FILE + ring.index());
    }

    /** Lets sections find the ring: its limit last. */
    private void describe(RingView ring, long base) {
        long head = head(ring.index());
        engine.memory().putLong(head + TraceRing.BASE, base);
        engine.memory().putLong(head + TraceRing.SUB_MASK, ring.subBytes() - 1);
        engine.memory().putLong(head + TraceRing.RING_MASK, ring.ringBytes() - 1);
        engine.memory().putLong(head + TraceRing.WINDOW,
                isDiscarding ? ring.ringBytes() - 2 * ring.subBytes() : Long.MAX_VALUE);
        VarHandle.releaseFence();
        engine.memory().putLong(head + TraceRing.LIMIT, ring.subBytes() - Long.BYTES);
    }

    /** Lets no ring take records any more; when this returns none is being written, and what they hold is read. */
    public synchronized void stop() {
        if (!isClosed) {
            missedAtClose = missed();
            isClosed = true;
            opened.forEach(ring -> engine.memory().putLong(head(ring.index()) + TraceRing.LIMIT, 0));
            try {
                engine.fence();
                isFenced = true;
            } catch (KernelException e) {
                // Nobody can tell when the last section has left: then the rings stay mapped.
                counts.failed(e);
            }
        }
    }

    /**
     * Stops, and gives memory back.
     *
     * @param isWritten whether what they hold is not needed any more
     */
    public synchronized void close(boolean isWritten) {
        stop();
        List<RingView> closing = new ArrayList<>(opened);
        opened.clear();
        for (RingView ring : closing) {
            switch (ring) {
                case SharedRing shared -> close(shared, isWritten);
                case PagedRing paged -> close(paged, isWritten);
            }
        }
    }

    private void close(PagedRing ring, boolean isWritten) {
        try {
            boolean _ = isWritten && folder.delete(FILE + ring.index());
        } catch (IOException e) {
            counts.failed(e);
        } finally {
            ((PagedMemory) engine.memory()).clear(ring.base() - TraceRing.STATE_BYTES,
                    PagedMemory.reservedBytes(TraceRing.STATE_BYTES + sizes.ringBytes()));
        }
    }

    /** What cannot be given back is counted, and keeps no other ring. */
    private void close(SharedRing ring, boolean isWritten) {
        try {
            String name = FILE + ring.index();
            boolean isNamed = folder.exists(name);
            // What no file names is recovered by nobody.
            if (isWritten || !isNamed) {
                ring.remove();
            }
            if (isWritten && isNamed) {
                folder.delete(name);
            }
        } catch (IOException e) {
            counts.failed(e);
        } finally {
            if (isFenced) {
                ring.close();
            }
        }
    }
}
