package io.github.rseq4j.memory;

import io.github.rseq4j.KernelException;
import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.kernel.Linux;
import java.util.Arrays;
import java.util.TreeSet;

/** Hands out ranges to pools. A range comes back when its pool is closed or collected. */
final class Ranges implements Pressure.Shared {
    /* How it works
     *
     * A range is a reservation of the engine: a stride for each index, populated page by page. A plain range holds
     * zeros. Other ranges show an image in every copy: a file in memory is mapped privately over the copy. A page is
     * read from the file until a thread writes to it; then it is copied on the node of the writing CPU. The file is
     * written once for each pool.
     *
     * The kernel limits the mappings of a process (vm.max_map_count, 65,530), and a JVM that needs one more ends. So if
     * there are many copies, the file holds the image several times, and a range takes few mappings. All images
     * together take a limited part of the mappings. A range beyond that is plain, and its items are written when they
     * are handed out. A process may also open only few files (RLIMIT_NOFILE), so the number of pools with an image is
     * limited too.
     *
     * A range comes back after its pool was closed and a fence has passed (I9), or when the pool was found unreachable
     * (I8). One call then maps fresh zeros in its place, so the free list holds addresses, not memory. Pressure limits
     * the memory of dropped pools that the collector has not found yet. Pages of an image and the file count as
     * populated.
     *
     * An Error may come out of any call. A change is noted by a store after it: a range stays in its holding until it
     * is in the free list, which has room for all ranges.
     *
     * Refused: unmapping. A thread that used an item of a closed pool would end the JVM by a signal.
     */
    static final long STRIDE_BYTES = 1L << Engine.STRIDE_SHIFT;
    private static final int NO_FILE = -1;
    private static final String FILE_NAME = "rseq4j-items";
    private static final int PROTECTION = Linux.PROT_READ | Linux.PROT_WRITE;
    private static final int MAPPINGS_PER_RANGE = 32;
    private static final int MAX_MAPPINGS = 8192;
    static final int MAX_FILES = 128;

    private static final Ranges INSTANCE = new Ranges(Engine.get(), MAPPINGS_PER_RANGE, MAX_MAPPINGS);

    private final Engine engine;
    private final int mappingsPerRange;
    private final int maxMappings;
    private final Holdings holdings = new Holdings();
    private final Pressure pressure = new Pressure(this);
    private long[] free = {};
    private int freeCount;
    private int reserved;
    private int mappings;
    private int files;

    /**
     * Creates an independent set of ranges.
     *
     * @param engine reserves the ranges
     * @param mappingsPerRange the intended number of mappings of a range that shows an image
     * @param maxMappings the most mappings of all images
     */
    Ranges(Engine engine, int mappingsPerRange, int maxMappings) {
        this.engine = engine;
        this.mappingsPerRange = mappingsPerRange;
        this.maxMappings = maxMappings;
    }

    /** Returns this JVM's ranges. */
    static Ranges get() {
        return INSTANCE;
    }

    /** The ranges of a pool. */
    static final class Pool extends Holding {
        private final TreeSet<Long> plain = new TreeSet<>();
        private long[] ranges = {};
        private int count;
        private int file = NO_FILE;

        Pool(Object owner, Holdings holdings) {
            super(owner, holdings);
        }

        /** Tells whether its ranges show the image when they are handed out; otherwise they hold zeros. */
        boolean showsImage() {
            return file != NO_FILE;
        }

        /**
         * Tells whether an item showed the image when its range was handed out.
         *
         * @param item its address at index 0
         */
        boolean showsImage(long item) {
            Long before = plain.isEmpty() ? null : plain.floor(item);
            return showsImage() && (before == null || item - before >= STRIDE_BYTES);
        }
    }

    /**
     * Begins to hold ranges for an owner. If the engine or the kernel cannot map files in memory, the ranges hold
     * zeros.
     *
     * @param owner the user of the ranges; it must stay reachable during each use
     * @param image the content of each copy of a range, a stride of bytes; empty for zeros
     */
    Pool hold(Object owner, byte[] image) {
        pressure.grow(image.length);
        return begin(owner, image);
    }

    private synchronized Pool begin(Object owner, byte[] image) {
        takeBack();
        Pool pool = new Pool(owner, holdings);
        holdings.add(pool);
        if (image.length != 0 && engine.hasKernelPages() && files < MAX_FILES) {
            writeFile(pool, image);
        }
        return pool;
    }

    private void writeFile(Pool pool, byte[] image) {
        pool.file = Math.max(NO_FILE, Linux.memfd_create(FILE_NAME, Linux.MFD_CLOEXEC));
        files += pool.showsImage() ? 1 : 0;
        for (int i = 0; pool.showsImage() && i < strides(engine.copies(), mappingsPerRange); i++) {
            if (Linux.write(pool.file, image) != image.length) {
                closeFile(pool);
            }
        }
    }

    private void closeFile(Pool pool) {
        Linux.close(pool.file);
        pool.file = NO_FILE;
        files--;
    }

    /**
     * Returns the number of copies that one mapping shows.
     *
     * @param copies the number of copies
     * @param mappingsPerRange the intended number of mappings
     */
    static int strides(int copies, int mappingsPerRange) {
        return (copies + mappingsPerRange - 1) / mappingsPerRange;
    }

    private int mappingsOfOne() {
        int strides = strides(engine.copies(), mappingsPerRange);
        return (engine.copies() + strides - 1) / strides;
    }

    /**
     * Hands out a range.
     *
     * @param pool the new holder
     * @return the address of its copy at index 0
     * @throws KernelException if the kernel refuses
     */
    long take(Pool pool) {
        pressure.grow(STRIDE_BYTES);
        return handOut(pool);
    }

    private synchronized long handOut(Pool pool) {
        takeBack();
        if (pool.count == pool.ranges.length) {
            pool.ranges = Arrays.copyOf(pool.ranges, Math.max(1, 2 * pool.count));
        }
        if (freeCount == 0) {
            free = reserved < free.length ? free : Arrays.copyOf(free, Math.max(4, 2 * reserved));
            free[0] = engine.reserve();
            reserved++;
            freeCount = 1;
        }
        long range = free[freeCount - 1];
        if (pool.showsImage()) {
            // Noted first: if the range shows the image after all, its items are only written once more.
            pool.plain.add(range);
        }
        pool.ranges[pool.count] = range;
        pool.count++;
        freeCount--;
        if (pool.showsImage() && show(pool.file, range)) {
            pool.plain.remove(range);
            mappings += mappingsOfOne();
        }
        return range;
    }

    /** Tells whether each copy shows the image. Items of a copy that the kernel does not map are written. */
    private boolean show(int file, long range) {
        if (mappings + mappingsOfOne() > maxMappings) {
            return false;
        }
        int strides = strides(engine.copies(), mappingsPerRange);
        for (int copy = 0; copy < engine.copies(); copy += strides) {
            long address = range + copy * STRIDE_BYTES;
            long bytes = Math.min(strides, engine.copies() - copy) * STRIDE_BYTES;
            if (Linux.mmap_fixed(address, bytes, PROTECTION, file) != address) {
                return false;
            }
        }
        return true;
    }

    /**
     * Takes back the ranges of an owner. No section may be running on them, and none may begin.
     *
     * @param pool the ranges
     */
    synchronized void giveBack(Pool pool) {
        while (pool.count > 0) {
            long range = pool.ranges[pool.count - 1];
            int shown = pool.showsImage(range) ? mappingsOfOne() : 0;
            // A range that the kernel does not renew is not used again.
            boolean isNew = engine.renew(range, engine.copies() * STRIDE_BYTES);
            mappings -= shown;
            pool.count--;
            if (isNew) {
                free[freeCount] = range;
                freeCount++;
            }
        }
        if (pool.showsImage()) {
            closeFile(pool);
        }
        if (pool.isHeld) {
            holdings.remove(pool);
            pool.clear();
        }
    }

    @Override
    public synchronized void takeBack() {
        for (Holding lost = holdings.lost(); lost != null; lost = holdings.lost()) {
            giveBack((Pool) lost);
        }
    }

    @Override
    public synchronized long heldBytes() {
        return (reserved - freeCount + (long) files * strides(engine.copies(), mappingsPerRange)) * STRIDE_BYTES;
    }

    @Override
    public synchronized long populatedBytes() {
        long populated = (long) files * strides(engine.copies(), mappingsPerRange) * STRIDE_BYTES;
        for (Holding each = holdings.first(); each != null; each = each.next) {
            Pool pool = (Pool) each;
            for (int i = 0; i < pool.count; i++) {
                populated += engine.populatedBytes(pool.ranges[i], engine.copies() * STRIDE_BYTES);
            }
        }
        return populated;
    }

    @Override
    public int copies() {
        return engine.copies();
    }

    /** Returns the number of free ranges. */
    synchronized int waiting() {
        takeBack();
        return freeCount;
    }
}
