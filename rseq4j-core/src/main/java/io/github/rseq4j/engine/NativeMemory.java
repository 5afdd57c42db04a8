package io.github.rseq4j.engine;

import io.github.rseq4j.interpreter.AddressSpace;
import io.github.rseq4j.kernel.Errno;
import io.github.rseq4j.kernel.Linux;
import io.github.rseq4j.kernel.RawMemory;

/** The memory of emitted sections: address space of the process, which the kernel populates page by page. */
final class NativeMemory {
    private static final int PROTECTION = Linux.PROT_READ | Linux.PROT_WRITE;
    private static final int NO_FILE = -1;

    private final int copies;
    /**
     * Mapped when the engine is chosen: where the kernel refuses it, the fallback is chosen. The first caller of
     * {@link #reserve()} gets it.
     */
    private final long firstRange;
    private boolean isFirstRangeTaken;
    private boolean isPrepared;

    /**
     * Maps the first range.
     *
     * @param copies the number of copies of a cell
     */
    NativeMemory(int copies) {
        this.copies = copies;
        this.firstRange = map();
    }

    /** Does what {@link Engine#memory} does. */
    AddressSpace space() {
        if (!isPrepared) {
            RawMemory.prepare();
            isPrepared = true;
        }
        return AddressSpace.RAW;
    }

    /** Does what {@link Engine#reserve()} does. */
    synchronized long reserve() {
        if (!isFirstRangeTaken) {
            isFirstRangeTaken = true;
            return firstRange;
        }
        return map();
    }

    /** Reserves address space for a range of cells that no other caller gets. */
    long map() {
        long bytes = (long) copies << Engine.STRIDE_SHIFT;
        long range = reserve(bytes);
        // Cells are small and lie a stride apart, so huge pages would be nearly empty. A refusal does no harm.
        Linux.madvise(range, bytes, Linux.MADV_NOHUGEPAGE);
        return range;
    }

    /** Does what {@link Engine#reserve(long)} does. */
    long reserve(long lengthBytes) {
        return Errno.check("mmap(length=" + lengthBytes + ")", Linux.mmap(lengthBytes, PROTECTION));
    }

    /** Does what {@link Engine#populatedBytes} does. */
    long populatedBytes(long address, long lengthBytes) {
        return RawMemory.residentBytes(address, lengthBytes);
    }

    /** Does what {@link Engine#discard} does. */
    boolean discard(long address, long lengthBytes) {
        return Linux.madvise(address, lengthBytes, Linux.MADV_DONTNEED) >= 0;
    }

    /** Does what {@link Engine#renew} does. */
    boolean renew(long address, long lengthBytes) {
        boolean isNew = Linux.mmap_fixed(address, lengthBytes, PROTECTION, NO_FILE) == address;
        Linux.madvise(address, lengthBytes, Linux.MADV_NOHUGEPAGE);
        return isNew;
    }
}
