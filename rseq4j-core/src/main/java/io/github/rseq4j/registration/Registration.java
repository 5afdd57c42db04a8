package io.github.rseq4j.registration;

import io.github.rseq4j.kernel.Architecture;
import io.github.rseq4j.kernel.Errno;
import io.github.rseq4j.kernel.Linux;
import io.github.rseq4j.kernel.Native;
import io.github.rseq4j.kernel.RawMemory;
import io.github.rseq4j.kernel.RseqArea;
import java.util.Objects;

/**
 * The threads' registration as it was found.
 *
 * @param owner who registered
 * @param offsetBytes the area's distance from the thread pointer, the same in every thread
 * @param registeredBytes the length it was registered with, 0 when it was not
 * @param featureBytes how many bytes of the area the kernel maintains
 * @param proof what proved the owner
 * @param reason why there is none, or empty
 * @param remedy what to do about that, or empty
 */
public record Registration(Owner owner, long offsetBytes, int registeredBytes, int featureBytes, String proof,
                           String reason, String remedy) {
    /* How it works
     *
     * glibc says where its area lies: __rseq_offset from the thread pointer, with __rseq_size = 0 when it did not
     * register. That is only a claim. Registering the very same area again is the proof: the kernel answers EBUSY for
     * exactly the address, length and signature that are registered, and changes nothing (kernel/rseq.c, sys_rseq).
     * __rseq_size is not the registered length (glibc says 20 or 28 and registers 32), so 32 is tried first, then the
     * kernel's feature size.
     *
     * The question is asked only when cpu_id says that the thread is registered: else the kernel would say yes to it.
     */
    /** Tells the thread pointer; it takes emitted code to read it. */
    @FunctionalInterface
    public interface ThreadPointer {
        /** Returns the calling carrier thread's thread pointer. */
        long threadPointer();
    }

    private static final String NEEDS_LIBC = "run on a libc that registers (glibc 2.35 or later)";

    /**
     * Makes the record of a registration that cannot be used.
     *
     * @param reason why
     * @param remedy what to do about it
     */
    public static Registration none(String reason, String remedy) {
        return new Registration(Owner.NONE, 0, 0, 0, "", reason, remedy);
    }

    /** Returns what libc claims of its area, not yet proven. */
    public static Registration claimedByLibc() {
        long offset = Native.find("__rseq_offset");
        long size = Native.find("__rseq_size");
        if (offset == 0 || size == 0) {
            return none("libc did not register: it has no __rseq_offset", NEEDS_LIBC);
        }
        if ((int) RawMemory.readLong(size) == 0) {
            return refused(0);
        }
        return new Registration(Owner.LIBC, RawMemory.readLong(offset), 0, kernelFeatureBytes(), "", "", "");
    }

    /** Tells apart a libc that was told not to register from a kernel or a filter that refused it. */
    private static Registration refused(int known) {
        // A null area is refused by every kernel that has rseq(2), so asking for it harms nothing.
        int answer = known == 0 ? -Linux.rseq(0, 0, 0, 0) : known;
        if (answer == Errno.ENOSYS || answer == Errno.EPERM || answer == Errno.EACCES) {
            return none("rseq(2) is refused: it answered " + Errno.name(answer),
                    "use a kernel with CONFIG_RSEQ (Linux 4.18 or later), and allow rseq(2) in the seccomp filter");
        }
        return none("libc did not register: __rseq_size is 0",
                "do not set glibc.pthread.rseq=0 in GLIBC_TUNABLES; allow rseq(2) in the seccomp filter");
    }

    /** Returns how many bytes of an area this kernel maintains; libc's area has room for all of the first 32. */
    public static int kernelFeatureBytes() {
        long size = Linux.getauxval(Linux.AT_RSEQ_FEATURE_SIZE);
        return size == 0 ? RseqArea.ORIGINAL_FEATURE_BYTES : (int) Math.min(size, RseqArea.ORIGINAL_BYTES);
    }

    /** Returns the alignment that the kernel asks of an area, in bytes. */
    public static int kernelAlignBytes() {
        long align = Linux.getauxval(Linux.AT_RSEQ_ALIGN);
        return align == 0 ? RseqArea.ORIGINAL_BYTES : (int) align;
    }

    /**
     * Proves the claim on the calling thread, which must be a platform thread.
     *
     * @param thread tells the calling thread's thread pointer
     * @return this registration with its proof, or NONE with its reason
     */
    public Registration proven(ThreadPointer thread) {
        long area = thread.threadPointer() + offsetBytes;
        int cpu = (int) RawMemory.readLong(area + RseqArea.CPU_ID);
        if (cpu < 0) {
            return refused(0);
        }
        int signature = Objects.requireNonNull(Architecture.host()).signature();
        int feature = (int) Linux.getauxval(Linux.AT_RSEQ_FEATURE_SIZE);
        int answer = 0;
        for (int length : new int[] {RseqArea.ORIGINAL_BYTES, feature}) {
            if (length < RseqArea.ORIGINAL_BYTES) {
                continue;
            }
            answer = -Linux.rseq(area, length, 0, signature);
            if (answer == Errno.EBUSY) {
                return new Registration(owner, offsetBytes, length, featureBytes,
                        "rseq(area=thread pointer" + (offsetBytes < 0 ? "" : "+") + offsetBytes + ", length=" + length
                                + ") answered EBUSY", "", "");
            }
            if (answer == 0) {
                // Nobody had registered after all: leave no trace.
                Linux.rseq(area, length, Linux.RSEQ_FLAG_UNREGISTER, signature);
                return none("libc did not register: cpu_id=" + cpu + " stood in an area that was free", NEEDS_LIBC);
            }
        }
        if (answer == Errno.EINVAL) {
            return none("the registered area is not libc's: rseq(2) answered EINVAL for it",
                    "load no library that registers its own rseq area before libc does");
        }
        return refused(answer);
    }
}
