package io.github.rseq4j.registration;

import io.github.rseq4j.kernel.Architecture;
import io.github.rseq4j.kernel.DynamicLinker;
import io.github.rseq4j.kernel.Errno;
import io.github.rseq4j.kernel.Linux;
import io.github.rseq4j.kernel.Native;
import io.github.rseq4j.kernel.RawMemory;
import io.github.rseq4j.kernel.RseqArea;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The registration of this process's threads: a claim, a proven registration, or the reason why there is none.
 *
 * @param owner the party that registered
 * @param offsetBytes the area's distance from the thread pointer, the same in every thread
 * @param registeredBytes the length with which the area was registered; 0 if it was not, or if the length is not known
 *     yet
 * @param featureBytes the number of bytes of the area that the kernel maintains
 * @param proof the proof of the owner, or empty
 * @param reason the reason why there is no registration, or empty
 * @param remedy the remedy, or empty
 */
public record Registration(Owner owner, long offsetBytes, int registeredBytes, int featureBytes, String proof,
                           String reason, String remedy) {
    /* How it works
     *
     * glibc says where its area lies: __rseq_offset from the thread pointer, with __rseq_size = 0 when it did not
     * register. That is only a claim. The proof is to register the same area again: the kernel answers EBUSY for
     * exactly the address, length and signature that are registered, and changes nothing (kernel/rseq.c, sys_rseq).
     * __rseq_size is not the registered length (glibc says 20 or 28 and registers 32), so 32 is tried first, then what
     * the provider image says, then the kernel's feature size, which glibc 2.41 and later register.
     *
     * This call is made only if cpu_id says that the thread is registered: otherwise the kernel would register the
     * area. Where libc does not register, the provider image does, or it joins another library's registration. The
     * proof is the same.
     */
    /** Reads the thread pointer. Only emitted code can do that. */
    @FunctionalInterface
    public interface ThreadPointer {
        /** Returns the calling carrier thread's thread pointer. */
        long threadPointer();
    }

    private static final String NEEDS_LIBC = "run on a libc that registers (glibc 2.35 or later)";
    private static final String REPORT = "report this, with the versions of kernel and libc";
    private static final String ALLOW =
            "use a kernel with CONFIG_RSEQ (Linux 4.18 or later), and allow rseq(2) in the seccomp filter";
    static final String NOT_SHARED = "load no library that registers an rseq area of its own and does not share"
            + " it as __rseq_abi, or load it with the program (LD_PRELOAD)";

    /**
     * Returns a record with the owner NONE.
     *
     * @param reason the reason why there is no usable registration
     * @param remedy the remedy
     */
    public static Registration none(String reason, String remedy) {
        return new Registration(Owner.NONE, 0, 0, 0, "", reason, remedy);
    }

    /** Returns libc's claim, not yet proven; the owner is NONE if libc does not claim that it registers. */
    public static Registration claimedByLibc() {
        long offset = Native.find("__rseq_offset");
        long size = Native.find("__rseq_size");
        if (offset == 0 || size == 0) {
            return none("libc did not register: it has no __rseq_offset", NEEDS_LIBC);
        }
        if ((int) RawMemory.readLong(size) == 0) {
            return none("libc did not register: __rseq_size is 0",
                    "do not set glibc.pthread.rseq=0 in GLIBC_TUNABLES; allow rseq(2) in the seccomp filter");
        }
        return new Registration(Owner.LIBC, RawMemory.readLong(offset), 0, leastFeatureBytes(), "", "", "");
    }

    /**
     * Returns the provider image's claim, not yet proven.
     *
     * @param provider the image
     */
    public static Registration claimedBy(Provider provider) {
        if (provider.owner() == Owner.NONE) {
            return none("the thread that loaded the provider image was registered with an area that is not shared",
                    NOT_SHARED);
        }
        return new Registration(provider.owner(), provider.offsetBytes(), provider.lengthBytes(), leastFeatureBytes(),
                "", "", "");
    }

    /** Returns the number of maintained bytes in an area of the original length, the least that an area has. */
    private static int leastFeatureBytes() {
        return Math.min(kernelFeatureBytes(), RseqArea.ORIGINAL_BYTES);
    }

    /** Returns the reason why the kernel refuses rseq(2) to every thread, or null if it does not. */
    public static @Nullable Registration refusedByKernel() {
        // Every kernel that has rseq(2) refuses a null area, so the call changes nothing.
        int answer = -Linux.rseq(0, 0, 0, 0);
        return isRefusal(answer) ? none("rseq(2) is refused: it answered " + Errno.name(answer), ALLOW) : null;
    }

    private static boolean isRefusal(int answer) {
        return answer == Errno.ENOSYS || answer == Errno.EPERM || answer == Errno.EACCES;
    }

    /** Returns the number of bytes that this kernel maintains in an area that is long enough. */
    public static int kernelFeatureBytes() {
        long size = Linux.getauxval(Linux.AT_RSEQ_FEATURE_SIZE);
        return size == 0 ? RseqArea.ORIGINAL_FEATURE_BYTES : (int) size;
    }

    /** Returns the kernel's mode for threads with this registration: none, legacy or full. */
    public String mode() {
        return RseqArea.mode(registeredBytes, Linux.isCallable() ? kernelFeatureBytes() : 0);
    }

    /** Returns the alignment that the kernel requires of an area, in bytes. */
    public static int kernelAlignBytes() {
        long align = Linux.getauxval(Linux.AT_RSEQ_ALIGN);
        return align == 0 ? RseqArea.ORIGINAL_BYTES : (int) align;
    }

    /**
     * Proves the claim on the calling thread, which must be a platform thread.
     *
     * @param thread reads the calling thread's thread pointer
     * @param joined the provider image's answer when it was called to register the thread, 0 or -errno
     * @return this registration with its proof, or NONE with its reason
     */
    public Registration proven(ThreadPointer thread, int joined) {
        if (joined < 0) {
            return notJoined(-joined);
        }
        long area = thread.threadPointer() + offsetBytes;
        int cpu = (int) RawMemory.readLong(area + RseqArea.CPU_ID);
        if (cpu < 0) {
            return none("the thread is not registered: cpu_id=" + cpu + " in the area of owner " + owner,
                    NEEDS_LIBC);
        }
        int signature = Objects.requireNonNull(Architecture.host()).signature();
        int feature = kernelFeatureBytes();
        int answer = 0;
        for (int length : new int[] {RseqArea.ORIGINAL_BYTES, registeredBytes, feature}) {
            if (length < RseqArea.ORIGINAL_BYTES) {
                continue;
            }
            answer = -Linux.rseq(area, length, 0, signature);
            if (answer == Errno.EBUSY) {
                return new Registration(owner, offsetBytes, length, Math.min(feature, length),
                        "rseq(area=thread pointer" + (offsetBytes < 0 ? "" : "+") + offsetBytes + ", length=" + length
                                + ") answered EBUSY", "", "");
            }
            if (answer == 0) {
                // The area was not registered after all: undo the registration.
                Linux.rseq(area, length, Linux.RSEQ_FLAG_UNREGISTER, signature);
                return none("owner " + owner + " did not register: cpu_id=" + cpu
                        + " stood in an area that was free", NEEDS_LIBC);
            }
        }
        if (answer == Errno.EINVAL) {
            return none("the registered area is not that of owner " + owner + ": rseq(2) answered EINVAL for it",
                    NOT_SHARED);
        }
        return none("rseq(2) answered " + Errno.name(answer) + " for the area of owner " + owner + ", which is"
                + " registered already, where EBUSY is due" + (answer == Errno.EPERM ? ": its signature is not 0x"
                        + Integer.toHexString(signature) : ""),
                answer == Errno.EPERM ? NOT_SHARED + "; allow rseq(2) in the seccomp filter" : REPORT);
    }

    /**
     * Returns the reason why this registration cannot be used on a thread that could not be registered, with the owner
     * NONE.
     *
     * @param errno the provider image's answer when it was called to register the thread, as a positive number
     */
    Registration notJoined(int errno) {
        return switch (errno) {
            case Errno.EINVAL -> none("the thread is registered with an area that is not shared: rseq(2) answered "
                    + "EINVAL for that of owner " + owner, NOT_SHARED);
            case Errno.ENOENT -> DynamicLinker.dlsym("rseq_offset") == 0
                    ? none("the library that defines __rseq_abi does not count (__rseq_refcount) and has not"
                            + " registered this thread", "let it register every thread, or do without it")
                    : none("librseq owns the registration, does not count, and has not registered this thread",
                            "let libc register (no glibc.pthread.rseq=0 in GLIBC_TUNABLES), or load librseq4j.so with"
                            + " the program and after librseq (LD_PRELOAD=librseq.so:librseq4j.so): librseq then"
                            + " shares its area");
            case Errno.EOPNOTSUPP -> none("the thread was not started by way of the provider image, and libc takes a"
                    + " thread's memory back before the thread is gone: registering it answered EOPNOTSUPP",
                    "preload the file that \"rseq4j provider\" writes (LD_PRELOAD)");
            case Errno.ECANCELED -> none("the thread is ending: registering it answered ECANCELED",
                    "use the library first on a thread that goes on");
            case Errno.EOVERFLOW -> none("as many users share the thread's registration as can be counted: registering"
                    + " it answered EOVERFLOW", "make the libraries that share it as __rseq_abi drop their counts");
            default -> none("rseq(2) answered " + Errno.name(errno) + " for the area of owner " + owner,
                    isRefusal(errno) ? ALLOW : REPORT);
        };
    }
}
