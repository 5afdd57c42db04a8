package io.github.rseq4j.kernel;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A supported processor architecture. Its values are the differences between architectures, apart from the encoding of
 * instructions. Only this class reads the property {@code os.arch}.
 *
 * <p>The signatures are librseq's and glibc's ({@code sysdeps/unix/sysv/linux/.../bits/rseq.h}, first glibc 2.35).
 */
public enum Architecture {
    /** AMD64, also known as x86-64. */
    X64("x64", "amd64", 0x5305_3053, 168, 0,
            // read, write, connect, accept, sendto, recvfrom, sendmsg, recvmsg, semop, rt_sigtimedwait, io_getevents,
            // semtimedop, epoll_wait, epoll_pwait, accept4, recvmmsg, io_pgetevents, epoll_pwait2
            new Tracing(1, 27, 21, 15, 10, 18, true, new int[] {0, 1, 42, 43, 44, 45, 46, 47, 65, 128, 208,
                220, 232, 281, 288, 299, 333, 441})),
    /** The 64-bit Arm architecture. */
    AARCH64("aarch64", "aarch64", 0xd428_bc00, 440, 1L << 25,
            // On arm64 the kernel decides on the restart before the thread stops, and the first argument is then lost.
            new Tracing(0x401, 1, 0, -1, -1, 1030, false, new int[0]));

    /**
     * The facts that a tracer needs about a stopped thread, and about the thread-local variables of its objects.
     * Registers are counted in words of 8 bytes from the start of the register set
     * ({@code arch/.../include/uapi/asm/ptrace.h}).
     *
     * @param registerSet the set that has the thread pointer: NT_PRSTATUS or NT_ARM_TLS ({@code linux/elf.h})
     * @param registers the number of registers that are read
     * @param threadPointer the register that holds the thread pointer
     * @param call the register that holds the number of the thread's current system call, -1 if none does
     * @param result the register that holds the system call's result, -1 if none does
     * @param tlsRelocation the relocation that binds a thread-local variable's distance from the thread pointer (the
     *     ELF processor supplements' TPOFF64 or TPREL)
     * @param tlsBelow whether the executable's variables lie directly below the thread pointer; otherwise they lie
     *     above it, after two words
     * @param uninterrupted system calls that answer EINTR if the thread was stopped and no handler ran (signal(7)); the
     *     tracer makes the kernel restart them instead
     */
    public record Tracing(int registerSet, int registers, int threadPointer, int call, int result, int tlsRelocation,
                          boolean tlsBelow, int[] uninterrupted) {}

    private final String spelling;
    private final String property;
    private final int signature;
    private final int ucontextPc;
    private final long pairCapability;
    private final Tracing tracing;

    Architecture(String spelling, String property, int signature, int ucontextPc, long pairCapability,
            Tracing tracing) {
        this.spelling = spelling;
        this.property = property;
        this.signature = signature;
        this.ucontextPc = ucontextPc;
        this.pairCapability = pairCapability;
        this.tracing = tracing;
    }

    /** Returns the name, as in commands and in the name of the encoder's package. */
    public String spelling() {
        return spelling;
    }

    /** Returns the value of RSEQ_SIG: the 4 bytes that stand before every abort handler. */
    public int signature() {
        return signature;
    }

    /**
     * Returns the offset of the interrupted instruction's address in a signal handler's third argument, in bytes
     * (glibc's and musl's {@code ucontext_t}).
     */
    public int ucontextPc() {
        return ucontextPc;
    }

    /**
     * Tells whether one instruction stores 16 aligned bytes such that an interrupt comes before or after the store. On
     * AArch64 that takes FEAT_LSE2, which the kernel reports as HWCAP_USCAT ({@code asm/hwcap.h}, Linux 4.20).
     *
     * @param capabilities the processor's capabilities, {@link Linux#AT_HWCAP}
     */
    public boolean storesPairs(long capabilities) {
        return (capabilities & pairCapability) == pairCapability;
    }

    /** Returns the facts for a tracer. */
    public Tracing tracing() {
        return tracing;
    }

    /** Returns the architecture of this JVM, or null if rseq4j does not support it. */
    public static @Nullable Architecture host() {
        String name = hostName();
        for (Architecture candidate : values()) {
            if (candidate.property.equals(name)) {
                return candidate;
            }
        }
        return null;
    }

    /** Returns the JVM's name of its architecture. */
    public static String hostName() {
        return System.getProperty("os.arch", "unknown").toLowerCase(Locale.ROOT);
    }
}
