package io.github.rseq4j.kernel;

import org.jspecify.annotations.Nullable;

/**
 * The system calls that are made by their number, under the kernel's names.
 *
 * <p>The numbers are the kernel's: {@code arch/x86/entry/syscalls/syscall_64.tbl} and
 * {@code include/uapi/asm-generic/unistd.h} (first kernels: rseq 4.18, membarrier 4.3).
 */
public enum SystemCall {
    /** rseq(2). */
    RSEQ(334, 293),
    /** membarrier(2). */
    MEMBARRIER(324, 283),
    /** gettid(2). */
    GETTID(186, 178),
    /** tgkill(2). */
    TGKILL(234, 131),
    /** getcpu(2). */
    GETCPU(309, 168),
    /** mmap(2). */
    MMAP(9, 222),
    /** mprotect(2). */
    MPROTECT(10, 226),
    /** munmap(2). */
    MUNMAP(11, 215),
    /** madvise(2). */
    MADVISE(28, 233),
    /** getrusage(2). */
    GETRUSAGE(98, 165),
    /** sched_setaffinity(2). */
    SCHED_SETAFFINITY(203, 122),
    /** sched_getaffinity(2). */
    SCHED_GETAFFINITY(204, 123),
    /** sched_setattr(2). */
    SCHED_SETATTR(314, 274),
    /** sched_getattr(2). */
    SCHED_GETATTR(315, 275),
    /** rt_sigprocmask(2). */
    RT_SIGPROCMASK(14, 135),
    /** memfd_create(2). */
    MEMFD_CREATE(319, 279),
    /** write(2). */
    WRITE(1, 64),
    /** close(2). */
    CLOSE(3, 57),
    /** ptrace(2). */
    PTRACE(101, 117),
    /** wait4(2). */
    WAIT4(61, 260),
    /** process_vm_readv(2). */
    PROCESS_VM_READV(310, 270),
    /** timer_create(2). */
    TIMER_CREATE(222, 107),
    /** timer_settime(2). */
    TIMER_SETTIME(223, 110),
    /** timer_delete(2). */
    TIMER_DELETE(226, 111);

    private static final @Nullable Architecture HOST = Architecture.host();

    private final int x64;
    private final int aarch64;

    SystemCall(int x64, int aarch64) {
        this.x64 = x64;
        this.aarch64 = aarch64;
    }

    /**
     * Returns the call's number.
     *
     * @param architecture the processor architecture
     */
    public int number(Architecture architecture) {
        return architecture == Architecture.X64 ? x64 : aarch64;
    }

    /**
     * Returns the call's number on this JVM's architecture.
     *
     * @throws IllegalStateException if rseq4j does not support the architecture
     */
    public int number() {
        if (HOST == null) {
            throw new IllegalStateException("os.arch=" + Architecture.hostName() + ": no system call has a number");
        }
        return number(HOST);
    }

    /**
     * Makes the call.
     *
     * @param arguments its arguments
     * @return the kernel's answer: a value or -errno
     */
    public long call(long... arguments) {
        long[] all = new long[arguments.length + 1];
        all[0] = number();
        System.arraycopy(arguments, 0, all, 1, arguments.length);
        return Native.call(Linux.Syscall.FUNCTION, all).orNegativeErrno();
    }
}
