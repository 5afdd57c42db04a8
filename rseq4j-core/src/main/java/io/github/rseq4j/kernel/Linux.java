package io.github.rseq4j.kernel;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.github.rseq4j.KernelException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * System calls and libc functions, each under its own name and with its own arguments. Each returns a value, or -errno.
 * They act on the calling carrier thread, so calls that depend on the thread are made on a platform thread.
 */
public final class Linux {
    /** membarrier(2): MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ ({@code linux/membarrier.h}, Linux 5.10). */
    public static final int MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ = 1 << 7;
    /** membarrier(2): MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ ({@code linux/membarrier.h}, Linux 5.10). */
    public static final int MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ = 1 << 8;
    /** membarrier(2): MEMBARRIER_CMD_FLAG_CPU ({@code linux/membarrier.h}, Linux 5.10): only the CPU named. */
    public static final int MEMBARRIER_CMD_FLAG_CPU = 1;
    /** rseq(2): RSEQ_FLAG_UNREGISTER ({@code linux/rseq.h}, Linux 4.18). */
    public static final int RSEQ_FLAG_UNREGISTER = 1;
    /** getauxval(3): AT_RSEQ_FEATURE_SIZE ({@code linux/auxvec.h}, Linux 6.3). */
    public static final int AT_RSEQ_FEATURE_SIZE = 27;
    /** getauxval(3): AT_RSEQ_ALIGN ({@code linux/auxvec.h}, Linux 6.3). */
    public static final int AT_RSEQ_ALIGN = 28;
    /** getauxval(3): AT_HWCAP ({@code linux/auxvec.h}). */
    public static final int AT_HWCAP = 16;
    /** getauxval(3): AT_PAGESZ ({@code linux/auxvec.h}). */
    public static final int AT_PAGESZ = 6;
    /** mmap(2): PROT_NONE ({@code asm-generic/mman-common.h}). */
    public static final int PROT_NONE = 0;
    /** mmap(2): PROT_READ. */
    public static final int PROT_READ = 1;
    /** mmap(2): PROT_WRITE. */
    public static final int PROT_WRITE = 2;
    /** mmap(2): PROT_EXEC. */
    public static final int PROT_EXEC = 4;
    /**
     * madvise(2): MADV_DONTNEED ({@code asm-generic/mman-common.h}): private pages have the content with which they
     * were mapped.
     */
    public static final int MADV_DONTNEED = 4;
    /** madvise(2): MADV_NOHUGEPAGE ({@code asm-generic/mman-common.h}, Linux 2.6.38). */
    public static final int MADV_NOHUGEPAGE = 15;
    /** memfd_create(2): MFD_CLOEXEC ({@code linux/memfd.h}, Linux 3.17). */
    public static final int MFD_CLOEXEC = 1;

    private static final int MAP_PRIVATE = 0x02;
    private static final int MAP_FIXED = 0x10;
    private static final int MAP_ANONYMOUS = 0x20;
    private static final int MAP_NORESERVE = 0x4000;
    private static final int RUSAGE_THREAD = 1;
    private static final int RUSAGE_NIVCSW_OFFSET = 136;
    private static final int RUSAGE_BYTES = 144;
    private static final int AFFINITY_BYTES = 1024;

    private Linux() {}

    /** The address of syscall(2), looked up at the first call, so that {@link Linux#isCallable} looks up no symbol. */
    public static final class Syscall {
        static final long FUNCTION = Native.find("syscall");
        private static final long GETAUXVAL = Native.find("getauxval");

        private Syscall() {}
    }

    /** Tells whether the calls of this class can be made: on Linux, on a supported architecture, with native access. */
    public static boolean isCallable() {
        return System.getProperty("os.name", "").equals("Linux") && Architecture.host() != null
                && Native.refusal() == null;
    }

    /**
     * rseq(2): registers or unregisters the calling thread's area.
     *
     * @param area its address
     * @param lengthBytes its length
     * @param flags 0, {@link RseqArea#RSEQ_FLAG_SLICE_EXT_DEFAULT_ON} or {@link #RSEQ_FLAG_UNREGISTER}
     * @param signature the signature
     * @return 0 or -errno
     */
    public static int rseq(long area, int lengthBytes, int flags, int signature) {
        return (int) SystemCall.RSEQ.call(area, lengthBytes, flags, Integer.toUnsignedLong(signature));
    }

    /**
     * membarrier(2).
     *
     * @param command one of the MEMBARRIER_CMD constants
     * @param flags 0, or {@link #MEMBARRIER_CMD_FLAG_CPU}
     * @param cpu the CPU, if the flag is given
     * @return 0 or -errno
     */
    public static int membarrier(int command, int flags, int cpu) {
        return (int) SystemCall.MEMBARRIER.call(command, flags, cpu);
    }

    /** Returns the calling thread's id in the kernel. */
    public static int gettid() {
        return (int) SystemCall.GETTID.call();
    }

    /** Returns the CPU on which the calling thread was a moment ago, from the kernel and not from rseq. */
    public static int sched_getcpu() {
        return getcpu(false);
    }

    /** Returns the NUMA node on which the calling thread was a moment ago, from the kernel and not from rseq. */
    public static int getcpu_node() {
        return getcpu(true);
    }

    private static int getcpu(boolean node) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment answer = arena.allocate(JAVA_LONG);
            long result = SystemCall.GETCPU.call(node ? 0 : answer.address(), node ? answer.address() : 0, 0);
            return result < 0 ? (int) result : (int) answer.get(JAVA_LONG, 0);
        }
    }

    /**
     * mmap(2) of private anonymous memory that is reserved, not populated.
     *
     * @param lengthBytes the length
     * @param protection the PROT constants
     * @return its address or -errno
     */
    public static long mmap(long lengthBytes, int protection) {
        return SystemCall.MMAP.call(0, lengthBytes, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    }

    /**
     * mmap(2) of private memory in place of an existing mapping. It is one step: other threads never find the address
     * unmapped.
     *
     * @param address a page's address
     * @param lengthBytes the length
     * @param protection the PROT constants
     * @param fd the file whose beginning is mapped, or -1 for zeros
     * @return the address or -errno
     */
    public static long mmap_fixed(long address, long lengthBytes, int protection, int fd) {
        int flags = MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE | (fd < 0 ? MAP_ANONYMOUS : 0);
        return SystemCall.MMAP.call(address, lengthBytes, protection, flags, fd, 0);
    }

    /**
     * mprotect(2).
     *
     * @param address a page's address
     * @param lengthBytes the length
     * @param protection the PROT constants
     * @return 0 or -errno
     */
    public static long mprotect(long address, long lengthBytes, int protection) {
        return SystemCall.MPROTECT.call(address, lengthBytes, protection);
    }

    /**
     * munmap(2).
     *
     * @param address a page's address
     * @param lengthBytes the length
     * @return 0 or -errno
     */
    public static long munmap(long address, long lengthBytes) {
        return SystemCall.MUNMAP.call(address, lengthBytes);
    }

    /**
     * madvise(2).
     *
     * @param address a page's address
     * @param lengthBytes the length
     * @param advice one of the MADV constants
     * @return 0 or -errno
     */
    public static long madvise(long address, long lengthBytes, int advice) {
        return SystemCall.MADVISE.call(address, lengthBytes, advice);
    }

    /**
     * getauxval(3).
     *
     * @param type one of the AT constants
     * @return the value, 0 if the kernel has none
     */
    public static long getauxval(int type) {
        return Native.call(Syscall.GETAUXVAL, type).value();
    }

    /**
     * memfd_create(2).
     *
     * @param name its name in /proc
     * @param flags the MFD constants
     * @return a file descriptor or -errno
     */
    public static int memfd_create(String name, int flags) {
        try (Arena arena = Arena.ofConfined()) {
            return (int) SystemCall.MEMFD_CREATE.call(arena.allocateFrom(name).address(), flags);
        }
    }

    /**
     * write(2).
     *
     * @param fd a file descriptor
     * @param bytes the bytes
     * @return the number of bytes that were written, or -errno
     */
    public static long write(int fd, byte[] bytes) {
        try (Arena arena = Arena.ofConfined()) {
            return SystemCall.WRITE.call(fd, arena.allocateFrom(JAVA_BYTE, bytes).address(), bytes.length);
        }
    }

    /**
     * close(2).
     *
     * @param fd a file descriptor
     * @return 0 or -errno
     */
    public static int close(int fd) {
        return (int) SystemCall.CLOSE.call(fd);
    }

    /** Returns the number of involuntary context switches of the calling thread (getrusage, ru_nivcsw). */
    public static long involuntarySwitches() {
        try (Arena arena = Arena.ofConfined()) {
            long usage = arena.allocate(RUSAGE_BYTES, 8).address();
            Errno.check("getrusage(RUSAGE_THREAD)", SystemCall.GETRUSAGE.call(RUSAGE_THREAD, usage));
            return RawMemory.readLong(usage + RUSAGE_NIVCSW_OFFSET);
        }
    }

    /**
     * sched_setaffinity(2) of one CPU.
     *
     * @param tid the thread, 0 for the calling one
     * @param cpu the CPU
     * @return 0 or -errno
     */
    public static int sched_setaffinity(int tid, int cpu) {
        long[] mask = new long[AFFINITY_BYTES / Long.BYTES];
        if (cpu < 0 || cpu >= AFFINITY_BYTES * Byte.SIZE) {
            return -Errno.EINVAL;
        }
        mask[cpu / Long.SIZE] = 1L << cpu;
        return sched_setaffinity(tid, mask);
    }

    /**
     * sched_setaffinity(2).
     *
     * @param tid the thread, 0 for the calling one
     * @param mask a bit for each permitted CPU
     * @return 0 or -errno
     */
    public static int sched_setaffinity(int tid, long[] mask) {
        try (Arena arena = Arena.ofConfined()) {
            long bytes = (long) mask.length * Long.BYTES;
            long bits = arena.allocate(bytes, Long.BYTES).address();
            for (int i = 0; i < mask.length; i++) {
                RawMemory.writeLong(bits + (long) i * Long.BYTES, mask[i]);
            }
            return (int) SystemCall.SCHED_SETAFFINITY.call(tid, bytes, bits);
        }
    }

    /**
     * sched_getaffinity(2).
     *
     * @param tid the thread, 0 for the calling one
     * @return a bit for each permitted CPU; as many words as the kernel has CPU ids
     * @throws KernelException when the kernel refuses
     */
    public static long[] sched_getaffinity(int tid) {
        try (Arena arena = Arena.ofConfined()) {
            long bits = arena.allocate(AFFINITY_BYTES, Long.BYTES).address();
            long copied = SystemCall.SCHED_GETAFFINITY.call(tid, AFFINITY_BYTES, bits);
            Errno.check("sched_getaffinity(tid=" + tid + ")", copied);
            long[] mask = new long[(int) (copied / Long.BYTES)];
            for (int i = 0; i < mask.length; i++) {
                mask[i] = RawMemory.readLong(bits + (long) i * Long.BYTES);
            }
            return mask;
        }
    }
}
