package io.github.rseq4j.trace.ring;

import io.github.rseq4j.KernelException;
import io.github.rseq4j.Rseq;
import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.interpreter.PagedMemory;
import io.github.rseq4j.kernel.Linux;
import io.github.rseq4j.memory.Cells;
import io.github.rseq4j.trace.common.TraceTime;
import io.github.rseq4j.trace.common.TracerCounts;
import io.github.rseq4j.trace.file.SafeFolder;
import io.github.rseq4j.trace.file.Uninterrupted;
import io.github.rseq4j.trace.layout.PacketLayout;
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

/** The rings of a tracer, one for each CPU that has recorded an event. */
public final class Rings {
    /* How it works
     *
     * The heads are cells: a few words for each index, in memory that is private to this process. Sections trust the
     * words of a head: the ring's address and its masks. With rseq, the ring and its state lie in shared memory, which
     * outlives the process. On the fallback they lie in the engine's memory.
     *
     * A head whose limit is 0 accepts no record: its CPU has no ring yet, the ring could not be made, or the tracer is
     * closed.
     *
     *   Opening thread:  stores base and masks; release fence; stores limit.
     *   Closing thread:  stores 0 in each limit; fence of the engine; unmaps the ring's memory.
     *   Section:         loads limit; if that is not 0, loads base.
     *
     * A section that loads a limit other than 0 ends before the engine's fence does, so the ring is still mapped.
     *
     * The cells are freed when no probe is reachable any more (I8). Native functions are never freed. So a tracer with
     * native functions keeps its cells forever: 64 bytes for each index.
     *
     * Native code cannot make a ring. In the head of its CPU it counts the events that found no ring. The tracer's
     * thread reads these counts and makes the rings. If the process may use few CPUs, they all get their rings in
     * advance.
     */
    /** The name of a ring's file, before the ring's index. */
    public static final String FILE = "ring_";
    private static final long PAUSE_NANOS = 1_000_000_000;
    /** The largest number of CPUs that get their rings before native code records there. */
    private static final int FEW = 8;
    /** The cells of a head, and room to align it: cells begin at any multiple of 8, a head begins a cache line. */
    private static final int CELLS = 2 * TraceRing.HEAD_BYTES / Long.BYTES - 1;
    /** The owners of cells that native functions use. They stay reachable forever. */
    private static final Queue<Object> NATIVE = new ConcurrentLinkedQueue<>();

    private final Engine engine = Engine.get();
    private final RingSizes sizes;
    private final int set;
    private final boolean isDiscarding;
    private final UUID uuid;
    private final SafeFolder folder;
    private final TracerCounts counts;
    private final Object holder = new Object();
    private final long cells;
    private final @Nullable RingView[] byIndex;
    /** The nanoTime after which a ring that could not be made may be tried again; 0 if it was not tried. */
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
     * Makes the heads, and a ring for the calling thread's CPU.
     *
     * @param folder the folder of the rings' files
     * @param uuid the trace's UUID
     * @param set the number of this set of rings in the tracer
     * @param sizes the sizes of the rings
     * @param isDiscarding whether a full ring discards events; otherwise it overwrites the oldest
     * @param counts counts failures
     * @param listener receives each ring before the ring accepts records
     * @throws IOException when no ring can be made
     */
    public Rings(SafeFolder folder, UUID uuid, int set, RingSizes sizes, boolean isDiscarding,
            TracerCounts counts, Consumer<RingView> listener) throws IOException {
        this.folder = folder;
        this.uuid = uuid;
        this.set = set;
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

    /** Returns the address of the first head. */
    public long cells() {
        return cells;
    }

    /** Returns the rings that were made and not closed; the list changes as rings are made. */
    public List<RingView> opened() {
        return opened;
    }

    /** Returns the reason why the content of a ring is lost if the process is killed, or null if it is not lost. */
    public synchronized @Nullable String lostOnKill() {
        return lostOnKill;
    }

    private long head(int index) {
        return cells + ((long) index << Engine.STRIDE_SHIFT);
    }

    /**
     * Makes the ring of an index that has none.
     *
     * @param index the CPU index
     * @return whether an event that found no ring may be tried again; if not, the event is counted as lost
     */
    public synchronized boolean open(int index) {
        if (isClosed) {
            return false;
        }
        if (isMaking) {
            // The code that makes a ring has itself recorded an event, for example through an agent that logs opened
            // files. Making a ring for that event could recurse without end.
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

    /**
     * Makes rings for native code, which cannot make them itself. From then on the tracer's thread has to call {@link
     * #openMissed}.
     */
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

    /** Makes the rings of the CPUs on which events of native code found no ring. */
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

    /** Returns the number of events of native code that found no ring before the tracer was closed. */
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
        int stream = PacketLayout.stream(set, index);
        long base;
        RingView ring;
        if (!engine.hasKernelPages()) {
            base = engine.reserve(TraceRing.STATE_BYTES + sizes.ringBytes()) + TraceRing.STATE_BYTES;
            ring = new PagedRing(engine.memory(), stream, base, sizes.subBufferBytes(), sizes.ringBytes());
            lostOnKill = "the rings are in the heap, because " + Rseq.availability().reason();
            tellRecovery(stream);
        } else {
            SharedRing shared = Uninterrupted.run(() -> SharedRing.create(folder, uuid, stream, sizes, isDiscarding));
            if (shared.refusal() != null) {
                lostOnKill = "the rings are in memory that is private to the process, because of " + shared.refusal();
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
                folder.delete(FILE + stream);
                shared.close();
            }
            throw t;
        }
        byIndex[index] = ring;
        describe(ring, base);
    }

    /**
     * Writes the file of a ring that ends with the process, so that a recovery can report the ring. The ring records
     * even if the file cannot be written.
     */
    private void tellRecovery(int stream) {
        RingFile file = RingFile.ofProcess(RingFile.OF_HEAP, uuid, sizes.ringBytes());
        try {
            boolean _ = Uninterrupted.run(() -> {
                folder.write(FILE + stream, file.text(), true);
                return true;
            });
        } catch (IOException e) {
            counts.failed(e);
        }
    }

    /** Tells whether the content of a ring can be recovered after the process has ended. */
    public boolean isKept(RingView ring) {
        return ring instanceof SharedRing shared && shared.id() >= 0 && folder.exists(FILE + ring.index());
    }

    /** Writes the ring's head. The limit is written last: from then on sections use the ring. */
    private void describe(RingView ring, long base) {
        long head = head(PacketLayout.cpu(ring.index()));
        engine.memory().putLong(head + TraceRing.BASE, base);
        engine.memory().putLong(head + TraceRing.SUB_MASK, ring.subBytes() - 1);
        engine.memory().putLong(head + TraceRing.RING_MASK, ring.ringBytes() - 1);
        engine.memory().putLong(head + TraceRing.WINDOW,
                isDiscarding ? ring.ringBytes() - 2 * ring.subBytes() : Long.MAX_VALUE);
        engine.memory().putLong(head + TraceRing.EPOCH_SIZE, PacketLayout.TIME_MASK + 1);
        VarHandle.releaseFence();
        engine.memory().putLong(head + TraceRing.LIMIT, ring.subBytes() - Long.BYTES);
    }

    /**
     * Stops all rings. After this returns no section is writing a record, so the content of the rings is final and may
     * be read.
     */
    public synchronized void stop() {
        if (!isClosed) {
            missedAtClose = missed();
            isClosed = true;
            opened.forEach(ring -> engine.memory().putLong(head(PacketLayout.cpu(ring.index())) + TraceRing.LIMIT, 0));
            try {
                engine.fence();
                isFenced = true;
            } catch (KernelException e) {
                // Without a fence the end of the last section is unknown, so the rings stay mapped.
                counts.failed(e);
            }
        }
    }

    /**
     * Stops all rings and frees their memory.
     *
     * @param isWritten whether the content of the rings is not needed any more; otherwise it is kept for recovery
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

    /** Closes a ring. A failure is counted, and the other rings are closed all the same. */
    private void close(SharedRing ring, boolean isWritten) {
        try {
            String name = FILE + ring.index();
            boolean isNamed = folder.exists(name);
            // A segment that no file names cannot be recovered.
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
