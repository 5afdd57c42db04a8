package io.github.rseq4j.machine;

import io.github.rseq4j.KernelException;
import io.github.rseq4j.ir.Rules;
import io.github.rseq4j.kernel.Errno;
import io.github.rseq4j.kernel.Linux;
import io.github.rseq4j.kernel.Native;
import io.github.rseq4j.kernel.RawMemory;
import java.lang.invoke.MethodHandle;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The memory of emitted functions. A page is written first and then made executable, never both at once (I5). Pages are
 * never unmapped, because the rseq_cs of a sleeping thread may still hold the address of a descriptor (I1).
 */
public final class CodeMemory {
    /* How it works
     *
     *   region: | data, writable, 64 KiB | code, a page or more for each installation ... |
     *
     * Code addresses its data relative to the instruction pointer, so both lie in one reservation. An installation
     * takes fresh pages, writes them, and makes them executable. An executable page is never written again, so
     * functions that should share a page are installed together. When a region is full, another one is reserved.
     *
     * Where instruction fetch does not see stores, the first installation includes the routine that synchronises them.
     * For the page of that routine the kernel does it: it maintains the caches when a page becomes executable for the
     * first time (arch/arm64/mm/flush.c, __sync_icache_dcache), but not later.
     *
     * Refused: two mappings of the same memory, one writable and one executable. They would keep code writable forever.
     */
    /** The property that names the file for the names of emitted functions. */
    static final String PERF_MAP = "rseq4j.perfmap";

    private static final long PAGE_BYTES = Linux.getauxval(Linux.AT_PAGESZ);
    private static final long REGION_BYTES = 1 << 20;
    private static final long DATA_BYTES = 1 << 16;

    private long dataNext;
    private long dataEnd;
    private long codeNext;
    private long codeEnd;
    private long mappedBytes;

    private final Compiler compiler;
    private final @Nullable PerfMap names;
    private @Nullable MethodHandle synchronise;

    /**
     * Creates an empty code memory. The first installation maps it.
     *
     * @param compiler compiles the routine that synchronises code
     */
    public CodeMemory(Compiler compiler) {
        this.compiler = compiler;
        String file = System.getProperty(PERF_MAP);
        this.names = file == null ? null : PerfMap.of(file);
    }

    /**
     * Installs functions: places, checks, writes and protects them.
     *
     * @param functions the functions, which share as few pages as possible
     * @return the placed functions, in the same order
     * @throws KernelException if a mapping is refused
     * @throws IllegalStateException if the {@link Checker} refuses a function; nothing is mapped then
     */
    public List<MachineCode> install(List<Assembled> functions) {
        List<MachineCode> written = installed(functions);
        if (names != null) {
            names.add(written);
        }
        return written.subList(written.size() - functions.size(), written.size());
    }

    /** Installs functions, and returns them, after the routine that synchronises code if it was installed first. */
    private synchronized List<MachineCode> installed(List<Assembled> functions) {
        if (codeEnd == 0) {
            grow(REGION_BYTES);
        }
        List<MachineCode> written = new ArrayList<>();
        // Also after an earlier refusal.
        if (synchronise == null && compiler.lowering().mustSynchroniseCode()) {
            written.addAll(write(List.of(compiler.synchroniseCode())));
            synchronise = Native.critical(written.getFirst().entry(), 2);
        }
        written.addAll(write(functions));
        return written;
    }

    private List<MachineCode> write(List<Assembled> functions) {
        List<MachineCode> placed = place(functions);
        if (end(placed) > codeEnd || dataEnd(functions) > dataEnd) {
            grow(Math.max(REGION_BYTES, DATA_BYTES + aligned(end(placed) - codeNext, PAGE_BYTES)));
            placed = place(functions);
        }
        long pagesBytes = aligned(end(placed), PAGE_BYTES) - codeNext;
        protect(codeNext, pagesBytes, Linux.PROT_READ | Linux.PROT_WRITE);
        for (MachineCode code : placed) {
            RawMemory.put(code.base(), code.bytes());
        }
        protect(codeNext, pagesBytes, Linux.PROT_READ | Linux.PROT_EXEC);
        synchronise(codeNext, pagesBytes);
        codeNext += pagesBytes;
        dataNext = dataEnd(functions);
        return placed;
    }

    private List<MachineCode> place(List<Assembled> functions) {
        long base = codeNext;
        long data = dataNext;
        List<MachineCode> placed = new ArrayList<>();
        for (Assembled function : functions) {
            MachineCode code = function.checked(base, data);
            placed.add(code);
            base += aligned(code.bytes().length, Assembled.ALIGN_BYTES);
            data += (long) function.data().size() * Long.BYTES;
        }
        return placed;
    }

    private static long end(List<MachineCode> placed) {
        return placed.getLast().base() + placed.getLast().bytes().length;
    }

    private long dataEnd(List<Assembled> functions) {
        long end = dataNext;
        for (Assembled function : functions) {
            end += (long) function.data().size() * Long.BYTES;
        }
        return end;
    }

    /**
     * Allocates words of data within the reach of functions.
     *
     * @param words the number of words of 8 bytes
     * @return the address of the first word; all words are 0
     */
    public synchronized long data(int words) {
        Rules.range("words", words, 1, DATA_BYTES / Long.BYTES);
        if (dataNext + (long) words * Long.BYTES > dataEnd) {
            grow(REGION_BYTES);
        }
        long address = dataNext;
        dataNext += (long) words * Long.BYTES;
        return address;
    }

    /** Returns the size of the reserved address space, in bytes. */
    public synchronized long mappedBytes() {
        return mappedBytes;
    }

    /**
     * Replaces bytes of an installed function for the abort proof. No thread may run the function meanwhile.
     *
     * @param code the function, alone in its pages
     * @param offset the offset in its image
     * @param bytes the new bytes
     */
    public void replace(MachineCode code, int offset, byte[] bytes) {
        long[] pages = pages(code);
        protect(pages[0], pages[1], Linux.PROT_READ | Linux.PROT_WRITE);
        RawMemory.put(code.base() + offset, bytes);
        protect(pages[0], pages[1], Linux.PROT_READ | Linux.PROT_EXEC);
        synchronise(pages[0], pages[1]);
    }

    private void synchronise(long address, long lengthBytes) {
        MethodHandle routine = synchronise;
        if (routine != null) {
            try {
                long _ = (long) routine.invokeExact(address, lengthBytes / Assembler.CODE_LINE_BYTES);
            } catch (Throwable t) {
                throw Native.rethrown(t);
            }
        }
    }

    /** Returns the pages of a function, as address and length. */
    public static long[] pages(MachineCode code) {
        long page = code.base() & -PAGE_BYTES;
        return new long[] {page, aligned(code.base() + code.bytes().length, PAGE_BYTES) - page};
    }

    private void grow(long bytes) {
        long region = Errno.check("mmap(length=" + bytes + ", PROT_NONE)",
                Linux.mmap(bytes, Linux.PROT_NONE));
        try {
            protect(region, DATA_BYTES, Linux.PROT_READ | Linux.PROT_WRITE);
        } catch (KernelException e) {
            Linux.munmap(region, bytes);
            throw e;
        }
        dataNext = region;
        dataEnd = region + DATA_BYTES;
        codeNext = dataEnd;
        codeEnd = region + bytes;
        mappedBytes += bytes;
    }

    private static void protect(long address, long lengthBytes, int protection) {
        Errno.check("mprotect(length=" + lengthBytes + ", prot=" + protection + ")",
                Linux.mprotect(address, lengthBytes, protection));
    }

    private static long aligned(long value, long to) {
        return value + to - 1 & -to;
    }
}
