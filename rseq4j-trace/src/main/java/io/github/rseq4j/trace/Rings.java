package io.github.rseq4j.trace;

import io.github.rseq4j.code.PagedMemory;
import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.engine.FallbackEngine;
import io.github.rseq4j.engine.TraceRing;
import io.github.rseq4j.kernel.KernelException;
import io.github.rseq4j.kernel.Linux;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The rings of a tracer, one for each CPU that has recorded something. */
final class Rings {
    /* How it works
     *
     * The cells are a stride for each index, of which a section reads and writes the first bytes, the head. On the
     * fallback that is all. With rseq, the head is the beginning of the ring's file, mapped in place of the cells; the
     * file is also mapped as a whole, anywhere, and the head has the address of the sub-buffers.
     *
     * A head of zeros takes nothing: a CPU that has no ring yet, one whose ring could not be made, and all of them when
     * the tracer is closed. Closing writes 0 to the limit of each and makes a fence; then no section is inside a ring,
     * and the files are unmapped.
     *
     * The cells' addresses are never given back: a probe of a closed tracer, or a handler in native code, may always
     * come and find that they take nothing. They are address space, without memory.
     */
    static final String FILE = "ring_";
    private static final long PAUSE_NANOS = 1_000_000_000;

    private final Engine engine = Engine.get();
    private final TracerOptions options;
    private final boolean isDiscarding;
    private final UUID uuid;
    private final Path folder;
    private final TracerCounts counts;
    private final long cells;
    private final @Nullable RingView[] byIndex;
    /** When a ring that could not be made may be tried again, by nanoTime; 0 for those that were not tried. */
    private final long[] tryAgainAt;
    private final List<RingView> opened = new CopyOnWriteArrayList<>();
    private final Consumer<RingView> listener;
    private boolean isMaking;
    private boolean isClosed;
    private boolean isFenced;

    /**
     * Makes rings for the calling thread's CPU and, on the fallback, for all.
     *
     * @param folder where their files go
     * @param uuid the trace's
     * @param options their sizes
     * @param isDiscarding whether a full ring takes no more, or overwrites
     * @param counts counts failures
     * @param listener is told of each ring before it takes anything
     * @throws IOException when no ring can be made
     */
    Rings(Path folder, UUID uuid, TracerOptions options, boolean isDiscarding, TracerCounts counts,
            Consumer<RingView> listener) throws IOException {
        this.folder = folder;
        this.uuid = uuid;
        this.options = options;
        this.isDiscarding = isDiscarding;
        this.counts = counts;
        this.listener = listener;
        this.byIndex = new RingView[engine.copies()];
        this.tryAgainAt = new long[engine.copies()];
        try {
            this.cells = engine.reserve((long) engine.copies() << Engine.STRIDE_SHIFT);
            make(engine.cpuIndex());
        } catch (KernelException e) {
            throw new IOException("no ring can be made: " + e.getMessage(), e);
        }
    }

    /** Returns the address of the heads: the first one's. */
    long cells() {
        return cells;
    }

    /** Returns the rings that there are by now. */
    List<RingView> opened() {
        return opened;
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
    synchronized boolean open(int index) {
        if (isClosed) {
            return false;
        }
        if (isMaking) {
            // An event of what makes a ring: an agent's that logs opened files, for one. It must not make one in turn.
            counts.lost.increment();
            return false;
        }
        if (byIndex[index] != null) {
            return true;
        }
        try {
            if (tryAgainAt[index] == 0 || System.nanoTime() - tryAgainAt[index] >= 0) {
                make(index);
                return true;
            }
        } catch (IOException | KernelException e) {
            tryAgainAt[index] = System.nanoTime() + PAUSE_NANOS | 1;
            counts.failed(e);
        }
        counts.lost.increment();
        return false;
    }

    /** Makes the rings of all CPUs, for who cannot ask for one when it is needed. */
    synchronized void openAll() throws IOException {
        for (int index = 0; index < byIndex.length && !isClosed; index++) {
            if (byIndex[index] == null) {
                make(index);
            }
        }
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
        RingView ring;
        if (engine instanceof FallbackEngine) {
            long base = engine.reserve(options.ringBytes());
            ring = new PagedRing(engine.memory(), index, head(index), base, options.subBufferBytes(),
                    options.ringBytes());
            ring.begin(base, isDiscarding, TraceTime.now());
        } else {
            ring = Uninterrupted.run(() -> makeMapped(index));
        }
        listener.accept(ring);
        opened.add(ring);
        byIndex[index] = ring;
        ring.open();
    }

    private MappedRing makeMapped(int index) throws IOException {
        Path file = folder.resolve(FILE + index);
        MappedRing made = MappedRing.create(file, uuid, index, options, isDiscarding);
        try {
            made.begin(made.base(), isDiscarding, TraceTime.now());
            mapHead(file.toAbsolutePath(), index);
            return made;
        } catch (IOException e) {
            made.close();
            // Else it would be in the way of the next try.
            Files.deleteIfExists(file);
            throw e;
        }
    }

    private void mapHead(Path file, int index) throws IOException {
        int fd = Linux.open(file.toString());
        try {
            KernelException.check("open(" + file + ")", fd);
            KernelException.check("mmap(MAP_SHARED, " + file + ")",
                    Linux.mmap_shared(head(index), MappedRing.DATA, fd));
        } catch (KernelException e) {
            throw new IOException(e.getMessage(), e);
        } finally {
            if (fd >= 0) {
                Linux.close(fd);
            }
        }
    }

    /** Lets no ring take records any more; when this returns none is being written, and what they hold is read. */
    synchronized void stop() {
        if (!isClosed) {
            isClosed = true;
            opened.forEach(ring -> ring.put(TraceRing.LIMIT, 0));
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
     * @param isWritten whether the files are not needed any more
     */
    synchronized void close(boolean isWritten) {
        stop();
        List<RingView> closing = isFenced ? new ArrayList<>(opened) : List.of();
        opened.clear();
        for (RingView ring : closing) {
            switch (ring) {
                case MappedRing mapped -> close(mapped, isWritten);
                case PagedRing paged -> {
                    PagedMemory memory = (PagedMemory) engine.memory();
                    memory.clear(paged.base(), options.ringBytes());
                    memory.clear(head(paged.index()), MappedRing.DATA);
                }
            }
        }
    }

    /** What cannot be given back is counted, and keeps no other ring. */
    private void close(MappedRing ring, boolean isWritten) {
        try {
            KernelException.check("mmap(MAP_FIXED)", Linux.mmap_fixed(head(ring.index()), MappedRing.DATA,
                    Linux.PROT_READ | Linux.PROT_WRITE, -1));
            ring.close();
            if (isWritten) {
                Files.deleteIfExists(folder.resolve(FILE + ring.index()));
            }
        } catch (IOException | KernelException e) {
            counts.failed(e);
        }
    }
}
