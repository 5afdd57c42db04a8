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
 * Where emitted functions live. Pages are written first and then made executable, for ever: never both at once (I5),
 * and never unmapped, because a thread that sleeps may still hold a descriptor's address in its rseq_cs (I1).
 */
public final class CodeMemory {
    /* How it works
     *
     *   region: | data, writable, 64 KiB | code, a page or more for each installation ... |
     *
     * Code reaches its data relative to the instruction pointer, so both lie in one reservation. An installation takes
     * fresh pages, writes them, makes them executable; a page that is executable is never written again, so what should
     * not cost a page each is installed together. A region that is full is followed by another one.
     *
     * Where instruction fetch does not see stores, the first installation brings the routine that makes it see them.
     * For that one page it is the kernel that does so: it maintains the caches when a page becomes executable for the
     * first time (arch/arm64/mm/flush.c, __sync_icache_dcache), though not when it does once more.
     *
     * Refused: two mappings of one memory, one writable and one executable, which keeps a way to write code for ever.
     */
    private static final long PAGE_BYTES = Linux.getauxval(Linux.AT_PAGESZ);
    private static final long REGION_BYTES = 1 << 20;
    private static final long DATA_BYTES = 1 << 16;

    private long dataNext;
    private long dataEnd;
    private long codeNext;
    private long codeEnd;
    private long mappedBytes;

    private final Compiler compiler;
    private @Nullable MethodHandle synchronise;

    /**
     * Makes an empty code memory; the first installation maps it.
     *
     * @param compiler makes the code that is installed
     */
    public CodeMemory(Compiler compiler) {
        this.compiler = compiler;
    }

    /**
     * Installs functions: places, checks, writes and protects them.
     *
     * @param functions what is installed, together in as few pages as they need
     * @return the functions at their places, in the same order
     * @throws KernelException when a mapping is refused
     * @throws IllegalStateException when the {@link Checker} refuses one; nothing is mapped then
     */
    public synchronized List<MachineCode> install(List<Assembled> functions) {
        if (codeEnd == 0) {
            grow(REGION_BYTES);
        }
        // Also where it was refused before.
        if (synchronise == null && compiler.lowering().mustSynchroniseCode()) {
            synchronise = Native.critical(write(List.of(compiler.synchroniseCode())).getFirst().entry(), 2);
        }
        return write(functions);
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
     * Hands out words of data that functions may reach.
     *
     * @param words how many words of 8 bytes
     * @return the address of the first, which is 0
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

    /** Returns how much address space is reserved, in bytes. */
    public synchronized long mappedBytes() {
        return mappedBytes;
    }

    /**
     * Replaces bytes of one installed function, which nobody runs meanwhile: for the abort proof.
     *
     * @param code the function, alone in its pages
     * @param offset where in its image
     * @param bytes what is written
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

    /** Returns the pages that a function lies in, as address and length. */
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
