package io.github.rseq4j.memory;

import io.github.rseq4j.KernelException;
import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.engine.FallbackEngine;
import io.github.rseq4j.engine.NativeEngine;
import io.github.rseq4j.kernel.Errno;
import io.github.rseq4j.kernel.Linux;
import java.lang.ref.PhantomReference;
import java.lang.ref.ReferenceQueue;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;

/** Ranges for pools, handed out whole, and whole they come back when a pool is closed or collected. */
final class Ranges {
    /* How it works
     *
     * A range is what the engine reserves: a stride for each index, populated page by page. It is handed out as zeros,
     * or showing an image in every copy: a file in memory, mapped privately over each, so that a page is read from the
     * file until somebody writes it, and is then copied on that CPU's node. The file is written once for each pool.
     *
     * A range comes back when its pool was closed and a fence has passed (I9), or when the pool was found unreachable
     * (I8). Fresh zeros are then mapped in its place in one call: the free list holds addresses, not memory.
     *
     * Refused: unmapping. Who uses an item of a closed pool would end the JVM with a signal.
     */
    static final long STRIDE_BYTES = 1L << Engine.STRIDE_SHIFT;
    private static final int NO_FILE = -1;
    private static final String FILE_NAME = "rseq4j-items";
    private static final int PROTECTION = Linux.PROT_READ | Linux.PROT_WRITE;

    private static final Ranges INSTANCE = new Ranges(Engine.get());

    private final Engine engine;
    private final ReferenceQueue<Object> collected = new ReferenceQueue<>();
    private final Set<Holding> holdings = new HashSet<>();
    private final Queue<Long> free = new ArrayDeque<>();

    Ranges(Engine engine) {
        this.engine = engine;
    }

    /** Returns this JVM's ranges. */
    static Ranges get() {
        return INSTANCE;
    }

    /** What a pool holds, until it gives it back or is collected. */
    static final class Holding extends PhantomReference<Object> {
        private final List<Long> ranges = new ArrayList<>();
        private final int file;

        Holding(Object owner, ReferenceQueue<Object> queue, int file) {
            super(owner, queue);
            this.file = file;
        }

        /** Tells whether its ranges show the image when they are handed out, rather than zeros. */
        boolean showsImage() {
            return file != NO_FILE;
        }
    }

    /**
     * Begins to hold ranges for an owner. Where the engine or the kernel has no files in memory its ranges are zeros.
     *
     * @param owner who uses them; it must stay reachable during each use
     * @param image what each copy of a range shows, a stride of bytes, or nothing for zeros
     */
    synchronized Holding hold(Object owner, byte[] image) {
        boolean isShown = image.length != 0 && engine instanceof NativeEngine;
        Holding holding = new Holding(owner, collected, isShown ? file(image) : NO_FILE);
        holdings.add(holding);
        return holding;
    }

    private static int file(byte[] image) {
        int file = Linux.memfd_create(FILE_NAME, Linux.MFD_CLOEXEC);
        if (file >= 0 && Linux.write(file, image) == image.length) {
            return file;
        }
        if (file >= 0) {
            Linux.close(file);
        }
        return NO_FILE;
    }

    /**
     * Hands out a range.
     *
     * @param holding whose it is from now on
     * @return the address of its copy at index 0
     * @throws KernelException when the kernel refuses
     */
    synchronized long take(Holding holding) {
        takeBack();
        Long known = free.poll();
        long range = known == null ? reserve() : known;
        if (holding.showsImage()) {
            show(holding.file, range);
        }
        holding.ranges.add(range);
        return range;
    }

    private long reserve() {
        long range = engine.reserve();
        // The self-test works on the first cell of the first range, at any time: it is nothing to map over.
        return engine instanceof NativeEngine own && range == own.selfTestCell() ? engine.reserve() : range;
    }

    private void show(int file, long range) {
        try {
            for (int copy = 0; copy < engine.copies(); copy++) {
                Errno.check("mmap(length=" + STRIDE_BYTES + ", fd=" + file + ")",
                        Linux.mmap_fixed(range + copy * STRIDE_BYTES, STRIDE_BYTES, PROTECTION, file));
            }
        } catch (KernelException e) {
            renew(range);
            throw e;
        }
    }

    /**
     * Takes back what an owner holds. No section may be running on it, and none may begin.
     *
     * @param holding what it holds
     */
    synchronized void giveBack(Holding holding) {
        if (holdings.remove(holding)) {
            holding.clear();
            holding.ranges.forEach(this::renew);
            if (holding.showsImage()) {
                Linux.close(holding.file);
            }
        }
    }

    private void takeBack() {
        for (Object each = collected.poll(); each != null; each = collected.poll()) {
            giveBack((Holding) each);
        }
    }

    /** Makes a range zeros again, for the next pool; one that the kernel does not renew is not used again. */
    private void renew(long range) {
        long bytes = engine.copies() * STRIDE_BYTES;
        switch (engine) {
            case NativeEngine _ -> {
                if (Linux.mmap_fixed(range, bytes, PROTECTION, NO_FILE) == range) {
                    Linux.madvise(range, bytes, Linux.MADV_NOHUGEPAGE);
                    free.add(range);
                }
            }
            case FallbackEngine fallback -> {
                fallback.memory().clear(range, bytes);
                free.add(range);
            }
        }
    }

    /** Returns how many ranges wait for a pool. */
    synchronized int waiting() {
        takeBack();
        return free.size();
    }
}
