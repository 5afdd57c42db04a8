package io.github.rseq4j.kernel;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A processor architecture that the kernel gives restartable sequences on, as values: what differs between two of them
 * below the encoders. This class is the one place that reads the property {@code os.arch}.
 *
 * <p>The numbers are the kernel's: {@code arch/x86/entry/syscalls/syscall_64.tbl} and
 * {@code include/uapi/asm-generic/unistd.h} (first kernels: rseq 4.18, membarrier 4.3), the signatures librseq's and
 * glibc's ({@code sysdeps/unix/sysv/linux/.../bits/rseq.h}, first glibc 2.35).
 */
public enum Architecture {
    /** AMD64, also known as x86-64. */
    X64("x64", "amd64", 0x5305_3053, new Numbers(334, 324, 186, 234, 309,
            9, 10, 11, 28, 98, 203, 204, 314, 315,
            14, 319, 1, 3, 101, 61, 310, 222, 223, 226, 168),
            // read, write, connect, accept, sendto, recvfrom, sendmsg, recvmsg, semop, rt_sigtimedwait, io_getevents,
            // semtimedop, epoll_wait, epoll_pwait, accept4, recvmmsg, io_pgetevents, epoll_pwait2
            new Tracing(1, 27, 21, 15, 10, 18, true, new int[] {0, 1, 42, 43, 44, 45, 46, 47, 65, 128, 208,
                220, 232, 281, 288, 299, 333, 441})),
    /** The 64-bit Arm architecture. */
    AARCH64("aarch64", "aarch64", 0xd428_bc00, new Numbers(293, 283, 178, 131, 168,
            222, 226, 215, 233, 165, 122, 123, 274, 275,
            135, 279, 64, 57, 117, 260, 270, 107, 110, 111, 440),
            // This kernel decides on the restart before the thread stops, and has then lost the first argument.
            new Tracing(0x401, 1, 0, -1, -1, 1030, false, new int[0]));

    /**
     * System call numbers, by the kernel's names.
     *
     * @param rseq rseq(2)
     * @param membarrier membarrier(2)
     * @param gettid gettid(2)
     * @param tgkill tgkill(2)
     * @param getcpu getcpu(2)
     * @param mmap mmap(2)
     * @param mprotect mprotect(2)
     * @param munmap munmap(2)
     * @param madvise madvise(2)
     * @param getrusage getrusage(2)
     * @param sched_setaffinity sched_setaffinity(2)
     * @param sched_getaffinity sched_getaffinity(2)
     * @param sched_setattr sched_setattr(2)
     * @param sched_getattr sched_getattr(2)
     * @param rt_sigprocmask rt_sigprocmask(2)
     * @param memfd_create memfd_create(2)
     * @param write write(2)
     * @param close close(2)
     * @param ptrace ptrace(2)
     * @param wait4 wait4(2)
     * @param process_vm_readv process_vm_readv(2)
     * @param timer_create timer_create(2)
     * @param timer_settime timer_settime(2)
     * @param timer_delete timer_delete(2)
     * @param ucontextPc no call: where a signal's handler finds the instruction that was interrupted, in bytes from the
     *     start of its third argument (glibc's and musl's {@code ucontext_t})
     */
    public record Numbers(int rseq, int membarrier, int gettid, int tgkill, int getcpu, int mmap, int mprotect,
                          int munmap, int madvise, int getrusage, int sched_setaffinity, int sched_getaffinity,
                          int sched_setattr, int sched_getattr, int rt_sigprocmask, int memfd_create, int write,
                          int close, int ptrace, int wait4, int process_vm_readv, int timer_create, int timer_settime,
                          int timer_delete, int ucontextPc) {}

    /**
     * What a tracer must know of a stopped thread, and of the thread-local variables its objects define. Registers are
     * counted in words of 8 bytes from the start of the register set ({@code arch/.../include/uapi/asm/ptrace.h}).
     *
     * @param registerSet the set that has the thread pointer: NT_PRSTATUS or NT_ARM_TLS ({@code linux/elf.h})
     * @param registers how many registers are read
     * @param threadPointer which one is the thread pointer
     * @param call which one is the number of the system call the thread is in, -1 when none
     * @param result which one is the system call's result, -1 when none
     * @param tlsRelocation the relocation that binds a thread-local variable's distance from the thread pointer (the
     *     ELF processor supplements' TPOFF64 or TPREL)
     * @param tlsBelow whether the executable's variables lie right below the thread pointer, else behind two words
     * @param uninterrupted system calls that answer EINTR when the thread was stopped and no handler ran (signal(7)),
     *     where the tracer can have them restarted instead
     */
    public record Tracing(int registerSet, int registers, int threadPointer, int call, int result, int tlsRelocation,
                          boolean tlsBelow, int[] uninterrupted) {}

    private final String spelling;
    private final String property;
    private final int signature;
    private final Numbers numbers;
    private final Tracing tracing;

    Architecture(String spelling, String property, int signature, Numbers numbers, Tracing tracing) {
        this.spelling = spelling;
        this.property = property;
        this.signature = signature;
        this.numbers = numbers;
        this.tracing = tracing;
    }

    /** Returns the name used in commands and for the encoder's package. */
    public String spelling() {
        return spelling;
    }

    /** Returns the value of RSEQ_SIG: the 4 bytes that stand before every abort handler. */
    public int signature() {
        return signature;
    }

    /** Returns the system call numbers. */
    public Numbers numbers() {
        return numbers;
    }

    /** Returns what a tracer must know. */
    public Tracing tracing() {
        return tracing;
    }

    /** Returns the architecture this JVM runs on, or null when it is none of ours. */
    public static @Nullable Architecture host() {
        String name = hostName();
        for (Architecture candidate : values()) {
            if (candidate.property.equals(name)) {
                return candidate;
            }
        }
        return null;
    }

    /** Returns the JVM's own name of the architecture it runs on. */
    public static String hostName() {
        return System.getProperty("os.arch", "unknown").toLowerCase(Locale.ROOT);
    }
}
