package io.github.rseq4j.kernel;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import io.github.rseq4j.KernelException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * System calls and libc functions, each by its own name and with its own arguments. Each returns what the kernel would:
 * a value, or -errno. They act on the calling carrier thread, so what belongs to one thread is asked from a platform
 * thread.
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
    /** madvise(2): MADV_DONTNEED ({@code asm-generic/mman-common.h}): private pages are as they were first mapped. */
    public static final int MADV_DONTNEED = 4;
    /** madvise(2): MADV_NOHUGEPAGE ({@code asm-generic/mman-common.h}, Linux 2.6.38). */
    public static final int MADV_NOHUGEPAGE = 15;
    /** memfd_create(2): MFD_CLOEXEC ({@code linux/memfd.h}, Linux 3.17). */
    public static final int MFD_CLOEXEC = 1;
    /** dlopen(3): RTLD_NOW ({@code dlfcn.h}). */
    public static final int RTLD_NOW = 2;
    /** dlopen(3): RTLD_GLOBAL, the object's symbols serve what is loaded later. */
    public static final int RTLD_GLOBAL = 0x100;
    /** dlopen(3): RTLD_NOLOAD, only what is loaded already. */
    public static final int RTLD_NOLOAD = 4;
    /** The signal that a breakpoint instruction raises ({@code asm-generic/signal.h}). */
    public static final int SIGTRAP = 5;

    private static final int O_RDWR = 2;
    private static final int O_CLOEXEC = 0x8_0000;
    private static final int MAP_SHARED = 0x01;
    private static final int MAP_PRIVATE = 0x02;
    private static final int MAP_FIXED = 0x10;
    private static final int MAP_ANONYMOUS = 0x20;
    private static final int MAP_NORESERVE = 0x4000;
    private static final int RUSAGE_THREAD = 1;
    private static final int RUSAGE_NIVCSW_OFFSET = 136;
    private static final int RUSAGE_BYTES = 144;
    private static final int AFFINITY_BYTES = 1024;
    private static final int SA_SIGINFO = 4;
    private static final int SA_ONSTACK = 0x0800_0000;
    private static final int SA_RESTART = 0x1000_0000;
    private static final int SIGEV_THREAD_ID = 4;
    /** struct sigevent: value 0, signo 8, notify 12, tid 16. */
    private static final int SIGEVENT_BYTES = 64;
    private static final int THREAD_CPU_CLOCK = 6;
    private static final long NANOS_PER_SECOND = 1_000_000_000;
    private static final int SIGACTION_FLAGS_OFFSET = 136;
    /** glibc's and musl's struct sigaction: handler, a 128-byte mask, int flags, restorer. */
    private static final int SIGACTION_BYTES = 152;

    private Linux() {}

    /** Found when the first call is made, so that asking whether calls can be made touches nothing native. */
    public static final class Syscall {
        static final long FUNCTION = Native.find("syscall");
        private static final long GETAUXVAL = Native.find("getauxval");

        private Syscall() {}
    }

    /** Tells whether the calls of this class can be made: on Linux, on one of our architectures, with native access. */
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
     * @param cpu the CPU, when the flag is given
     * @return 0 or -errno
     */
    public static int membarrier(int command, int flags, int cpu) {
        return (int) SystemCall.MEMBARRIER.call(command, flags, cpu);
    }

    /** Returns the calling thread's id in the kernel. */
    public static int gettid() {
        return (int) SystemCall.GETTID.call();
    }

    /**
     * tgkill(2): sends a signal to one thread of this process.
     *
     * @param tid the thread
     * @param signal the signal
     * @return 0 or -errno
     */
    public static int tgkill(int tid, int signal) {
        return (int) SystemCall.TGKILL.call(ProcessHandle.current().pid(), tid, signal);
    }

    /** Returns the CPU the calling thread was on a moment ago: the kernel's answer, without rseq. */
    public static int sched_getcpu() {
        return getcpu(false);
    }

    /** Returns the NUMA node the calling thread was on a moment ago: the kernel's answer, without rseq. */
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
     * @param lengthBytes how much
     * @param protection the PROT constants
     * @return its address or -errno
     */
    public static long mmap(long lengthBytes, int protection) {
        return SystemCall.MMAP.call(0, lengthBytes, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    }

    /**
     * mmap(2) of private memory in place of what is mapped at an address now: in one step, so others never find nothing
     * there.
     *
     * @param address a page's address
     * @param lengthBytes how much
     * @param protection the PROT constants
     * @param fd a file whose first bytes it shows until they are written, or -1 for zeros
     * @return the address or -errno
     */
    public static long mmap_fixed(long address, long lengthBytes, int protection, int fd) {
        int flags = MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE | (fd < 0 ? MAP_ANONYMOUS : 0);
        return SystemCall.MMAP.call(address, lengthBytes, protection, flags, fd, 0);
    }

    /**
     * mmap(2) of the beginning of a file, for reading and writing, in place of what is mapped at an address now. What
     * is written there is the file's, also when this process is killed.
     *
     * @param address a page's address
     * @param lengthBytes how much
     * @param fd the file
     * @return the address or -errno
     */
    public static long mmap_shared(long address, long lengthBytes, int fd) {
        return SystemCall.MMAP.call(address, lengthBytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
    }

    /**
     * open(2) of a file that is there, for reading and writing.
     *
     * @param path the file
     * @return a file descriptor or -errno
     */
    public static int open(String path) {
        try (Arena arena = Arena.ofConfined()) {
            return Native.call(Native.find("open"), arena.allocateFrom(path).address(), O_RDWR | O_CLOEXEC)
                    .intOrNegativeErrno();
        }
    }

    /**
     * mprotect(2).
     *
     * @param address a page's address
     * @param lengthBytes how much
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
     * @param lengthBytes how much
     * @return 0 or -errno
     */
    public static long munmap(long address, long lengthBytes) {
        return SystemCall.MUNMAP.call(address, lengthBytes);
    }

    /**
     * madvise(2).
     *
     * @param address a page's address
     * @param lengthBytes how much
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
     * @return the value, 0 when the kernel gave none
     */
    public static long getauxval(int type) {
        return Native.call(Syscall.GETAUXVAL, type).value();
    }

    /**
     * dlsym(3) over the process's global scope.
     *
     * @param symbol a name
     * @return its address, 0 when nobody defines it; of a thread-local symbol, the calling thread's
     */
    public static long dlsym(String symbol) {
        try (Arena arena = Arena.ofConfined()) {
            return Native.call(Native.find("dlsym"), 0, arena.allocateFrom(symbol).address()).value();
        }
    }

    /**
     * dlopen(3).
     *
     * @param path the object's path
     * @param flags the RTLD constants
     * @return empty, or dlerror(3)'s answer when the object was refused
     */
    public static String dlopen(String path, int flags) {
        try (Arena arena = Arena.ofConfined()) {
            // Found first: finding a symbol takes back what dlerror would say.
            long dlerror = Native.find("dlerror");
            if (Native.call(Native.find("dlopen"), arena.allocateFrom(path).address(), flags).value() != 0) {
                return "";
            }
            long message = Native.call(dlerror).value();
            return message == 0 ? "no reason given" : Native.everything().getString(message);
        }
    }

    /**
     * Tells whether an object that is loaded, or one that it needs, defines a symbol.
     *
     * @param path the object's path
     * @param symbol a name
     */
    public static boolean defines(String path, String symbol) {
        try (Arena arena = Arena.ofConfined()) {
            long object = Native.call(Native.find("dlopen"), arena.allocateFrom(path).address(),
                    RTLD_NOW | RTLD_NOLOAD).value();
            if (object == 0) {
                return false;
            }
            long found = Native.call(Native.find("dlsym"), object, arena.allocateFrom(symbol).address()).value();
            Native.call(Native.find("dlclose"), object);
            return found != 0;
        }
    }

    /**
     * memfd_create(2).
     *
     * @param name what it is called in /proc
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
     * @param bytes what is written
     * @return how much was written, or -errno
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

    /** Returns how often the calling thread was switched out against its will so far (getrusage, ru_nivcsw). */
    public static long involuntarySwitches() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment usage = arena.allocate(RUSAGE_BYTES, 8);
            long result = SystemCall.GETRUSAGE.call(RUSAGE_THREAD, usage.address());
            Errno.check("getrusage(RUSAGE_THREAD)", result);
            return usage.get(JAVA_LONG, RUSAGE_NIVCSW_OFFSET);
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
     * @param mask a bit for each CPU allowed
     * @return 0 or -errno
     */
    public static int sched_setaffinity(int tid, long[] mask) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bits = arena.allocateFrom(JAVA_LONG, mask);
            return (int) SystemCall.SCHED_SETAFFINITY.call(tid, bits.byteSize(), bits.address());
        }
    }

    /**
     * sched_getaffinity(2).
     *
     * @param tid the thread, 0 for the calling one
     * @return a bit for each CPU allowed; as many words as the kernel has CPU ids
     * @throws KernelException when the kernel refuses
     */
    public static long[] sched_getaffinity(int tid) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bits = arena.allocate(AFFINITY_BYTES, 8);
            long copied = SystemCall.SCHED_GETAFFINITY.call(tid, AFFINITY_BYTES, bits.address());
            Errno.check("sched_getaffinity(tid=" + tid + ")", copied);
            return bits.asSlice(0, copied).toArray(JAVA_LONG);
        }
    }

    /**
     * sigaction(3): sets the action of a signal for the whole process.
     *
     * @param signal the signal
     * @param handler the address of a C function that takes the signal's number, siginfo_t and ucontext_t
     * @return the bytes of the former action, for {@link #sigaction(int, byte[])}
     * @throws KernelException when the kernel refuses
     */
    public static byte[] sigaction(int signal, long handler) {
        byte[] action = new byte[SIGACTION_BYTES];
        MemorySegment bytes = MemorySegment.ofArray(action);
        bytes.set(JAVA_LONG_UNALIGNED, 0, handler);
        bytes.set(JAVA_INT_UNALIGNED, SIGACTION_FLAGS_OFFSET, SA_RESTART | SA_SIGINFO | SA_ONSTACK);
        return sigaction(signal, action);
    }

    /**
     * Returns the handler of an action: the address of a function, 0 for SIG_DFL, 1 for SIG_IGN.
     *
     * @param action bytes that {@link #sigaction(int, byte[])} returned
     */
    public static long handler(byte[] action) {
        return MemorySegment.ofArray(action).get(JAVA_LONG_UNALIGNED, 0);
    }

    /**
     * timer_create(2) and timer_settime(2): sends a signal to a thread each time it has used so much CPU time.
     *
     * @param tid the thread
     * @param signal the signal
     * @param intervalNanos how much CPU time
     * @return the timer or -errno
     */
    public static int cpuTimer(int tid, int signal, long intervalNanos) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment event = arena.allocate(SIGEVENT_BYTES, 8);
            event.set(JAVA_INT_UNALIGNED, 8, signal);
            event.set(JAVA_INT_UNALIGNED, 12, SIGEV_THREAD_ID);
            event.set(JAVA_INT_UNALIGNED, 16, tid);
            MemorySegment timer = arena.allocate(JAVA_LONG);
            // linux/posix-timers.h: the clock of another thread is its number, inverted, above three bits of a kind.
            int result = (int) SystemCall.TIMER_CREATE.call(~tid << 3 | THREAD_CPU_CLOCK, event.address(),
                    timer.address());
            if (result < 0) {
                return result;
            }
            int made = timer.get(JAVA_INT_UNALIGNED, 0);
            MemorySegment times = arena.allocate(4L * Long.BYTES, 8);
            for (int at = 0; at < 4 * Long.BYTES; at += 2 * Long.BYTES) {
                times.set(JAVA_LONG, at, intervalNanos / NANOS_PER_SECOND);
                times.set(JAVA_LONG, at + Long.BYTES, intervalNanos % NANOS_PER_SECOND);
            }
            result = (int) SystemCall.TIMER_SETTIME.call(made, 0, times.address(), 0);
            if (result < 0) {
                timer_delete(made);
                return result;
            }
            return made;
        }
    }

    /**
     * timer_delete(2).
     *
     * @param timer what {@link #cpuTimer} returned
     * @return 0 or -errno
     */
    public static int timer_delete(int timer) {
        return (int) SystemCall.TIMER_DELETE.call(timer);
    }

    /**
     * sigaction(3) with an action that an earlier call returned.
     *
     * @param signal the signal
     * @param action its bytes; those of no length change nothing
     * @return the bytes of the former action
     * @throws KernelException when the kernel refuses
     */
    public static byte[] sigaction(int signal, byte[] action) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment now = arena.allocate(SIGACTION_BYTES, 8);
            MemorySegment former = arena.allocate(SIGACTION_BYTES, 8);
            now.copyFrom(MemorySegment.ofArray(action));
            long result = Native.call(Native.find("sigaction"), signal, action.length == 0 ? 0 : now.address(),
                    former.address()).intOrNegativeErrno();
            Errno.check("sigaction(signal=" + signal + ")", result);
            return former.toArray(JAVA_BYTE);
        }
    }
}
