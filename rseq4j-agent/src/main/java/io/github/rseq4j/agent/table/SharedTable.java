package io.github.rseq4j.agent.table;

import io.github.rseq4j.KernelException;
import io.github.rseq4j.kernel.Errno;
import io.github.rseq4j.kernel.Linux;
import io.github.rseq4j.kernel.MemoryFile;
import io.github.rseq4j.kernel.RawMemory;
import java.lang.invoke.VarHandle;

/** A table in a memfd, with the cells in which sections count. Other processes read the counts without this JVM. */
final class SharedTable implements TableMemory {
    /* How it works
     *
     * The file is mapped as a whole, before it is sealed, and stays mapped. Access is permitted range by range, when a
     * range is first used: a process that locks its memory (mlockall) populates all that it may access.
     *
     * The seals prevent every process, also of root, from truncating the file, freeing its pages, writing to it and
     * mapping it writable a second time. Without them a process of the same user could send the JVM a SIGBUS by
     * ftruncate(2), or write to counts. That user can do more harm by ptrace(2).
     *
     * Linux before 5.1 lacks the last seal. There a process of the same user can write to counts, names and offsets.
     * No harm to the JVM follows: the JVM reads counters to add to them, and no address in the file.
     *
     * To open /proc/PID/fd/N, a process needs the rights of PTRACE_MODE_READ: the same user, and no more capabilities
     * than the opener has; or CAP_SYS_PTRACE, as root has. Other users cannot even list the folder. The file's mode,
     * 0600, refuses them once more.
     *
     * Refused: a length that grows with the ranges. F_SEAL_FUTURE_WRITE would refuse the mapping of the next range.
     */
    private static final long TEXT_STEP_BYTES = 1L << 20;

    private final TableLayout layout;
    private final int ranges;
    private final long base;
    private int usedRanges;
    private long usedTextBytes;

    /**
     * Makes the file.
     *
     * @param copies the number of copies of a cell
     * @throws KernelException when the kernel refuses
     */
    SharedTable(int copies) {
        this.layout = new TableLayout(copies);
        int most = TableLayout.MAX_RANGES;
        long mapped = 0;
        while (mapped == 0) {
            try {
                mapped = map(layout.fileBytes(most));
            } catch (KernelException e) {
                // A limit of the address space or of a file's length: fewer methods have histograms.
                if (most == 2) {
                    throw e;
                }
                most = Math.max(2, most / 2);
            }
        }
        this.ranges = most;
        this.base = mapped;
        use(0);
    }

    private static long map(long bytes) {
        int fd = MemoryFile.create(TableLayout.FILE_NAME, bytes);
        long address = 0;
        boolean isMapped = false;
        try {
            address = MemoryFile.map(fd, bytes);
            allow(address, TableLayout.TEXTS_AT);
            MemoryFile.seal(fd);
            isMapped = true;
            return address;
        } finally {
            // The open file descriptor is how other processes find the table.
            if (!isMapped) {
                if (address != 0) {
                    Linux.munmap(address, bytes);
                }
                Linux.close(fd);
            }
        }
    }

    private static void allow(long address, long bytes) {
        Errno.check("mprotect(length=" + bytes + ")",
                Linux.mprotect(address, bytes, Linux.PROT_READ | Linux.PROT_WRITE));
    }

    private void use(int range) {
        while (usedRanges <= range) {
            allow(base + layout.fileBytes(usedRanges), layout.rangeBytes());
            usedRanges++;
        }
    }

    @Override
    public TableLayout layout() {
        return layout;
    }

    @Override
    public void put(long offset, long value) {
        // A reader that sees the number of methods sees their entries.
        VarHandle.releaseFence();
        RawMemory.putLong(base + offset, value);
    }

    @Override
    public void put(long offset, byte[] bytes) {
        while (offset + bytes.length > TableLayout.TEXTS_AT + usedTextBytes) {
            allow(base + TableLayout.TEXTS_AT + usedTextBytes, TEXT_STEP_BYTES);
            usedTextBytes += TEXT_STEP_BYTES;
        }
        RawMemory.put(base + offset, bytes);
    }

    @Override
    public long counter(int site) {
        return base + layout.counter(site);
    }

    @Override
    public long histogram(int number) {
        use(TableLayout.range(number));
        return base + layout.histogram(number);
    }

    @Override
    public long max(int site) {
        return base + TableLayout.entry(site) + TableLayout.MAX_AT;
    }

    @Override
    public int maxHistograms() {
        return Math.min(TableLayout.MAX_METHODS, (ranges - 1) * TableLayout.HISTOGRAMS);
    }

    @Override
    public void publish(int[] histograms, int count) {
        // Readers read the cells.
    }
}
