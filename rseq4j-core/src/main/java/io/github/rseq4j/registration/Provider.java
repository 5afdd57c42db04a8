package io.github.rseq4j.registration;

import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.kernel.Architecture;
import io.github.rseq4j.kernel.DynamicLinker;
import io.github.rseq4j.kernel.Errno;
import io.github.rseq4j.kernel.Linux;
import io.github.rseq4j.kernel.Native;
import io.github.rseq4j.kernel.RseqArea;
import io.github.rseq4j.provider.ProviderImage;
import io.github.rseq4j.provider.ProviderStart;
import java.util.List;
import java.util.Objects;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** The provider image in this process: preloaded, or loaded by another copy of rseq4j or by this one. */
public final class Provider {
    /* How it works
     *
     * The image is written to a file in memory and loaded from there, with its symbols visible to all that is loaded
     * later. It is never unloaded, and its file stays open, so that a debugger finds it by the name under which it was
     * loaded. A copy of this library in another class loader finds the symbols and loads nothing. If two copies load an
     * image at the same time, the dynamic linker binds the second image's variables to the first image's, so they share
     * the registration too.
     *
     * The image is written while a program waits for its first update, so it has only the sections of the caller, and a
     * soname of its own. A library that is linked with librseq4j.so gets the file, with every section, as a second
     * copy. If that file was loaded first, it is found here and used.
     *
     * Refused: a temporary file if the kernel refuses the file in memory. A policy that forbids one is meant to forbid
     * the other.
     */
    private final long join;
    private final long owner;
    private final long offset;
    private final long length;

    private Provider(long join, long owner, long offset, long length) {
        this.join = join;
        this.owner = owner;
        this.offset = offset;
        this.length = length;
    }

    /** Thrown when the image cannot be loaded. The message has the request and the answer. */
    public static final class RefusedException extends Exception {
        private static final long serialVersionUID = 1L;
        private final String remedy;

        RefusedException(String message, String remedy) {
            super(message);
            this.remedy = remedy;
        }

        /** Returns the remedy. */
        public String remedy() {
            return remedy;
        }
    }

    /**
     * Finds the image, or loads it.
     *
     * @param isCallerTaken tells whether the thread that waits for the engine has an area of an unknown owner
     * @param chains the sections that the image gets as C functions, if it is loaded here
     * @param strideShift the binary logarithm of the stride, in bytes
     * @throws RefusedException when memory, the kernel or the dynamic linker refuses it
     */
    public static Provider get(BooleanSupplier isCallerTaken, List<Chain> chains, int strideShift)
            throws RefusedException {
        Provider loaded = find();
        if (loaded == null) {
            Company.promote();
            loaded = find();
        }
        if (loaded == null) {
            if (isCallerTaken.getAsBoolean()) {
                throw new RefusedException("the calling thread is registered with an area that is not shared: rseq(2)"
                        + " answered EINVAL for another one", Registration.NOT_SHARED);
            }
            load(chains, strideShift);
            loaded = find();
        }
        if (loaded == null) {
            throw new RefusedException("the provider image was loaded, but its symbols are not found",
                    "report this, with the libc's name and version");
        }
        return loaded;
    }

    private static @Nullable Provider find() throws RefusedException {
        long join = DynamicLinker.dlsym("rseq4j_join");
        long owner = DynamicLinker.dlsym("rseq4j_owner");
        long offset = DynamicLinker.dlsym("rseq4j_offset");
        if (join == 0) {
            return null;
        }
        if (owner == 0 || offset == 0) {
            throw new RefusedException("a provider image of another version is loaded: it has no rseq4j_owner or no "
                    + "rseq4j_offset", "write it anew by \"rseq4j provider\"");
        }
        return new Provider(join, owner, offset, DynamicLinker.dlsym("rseq4j_length"));
    }

    /**
     * Loads the image with an area of the size and alignment that the kernel asks for. glibc refuses an alignment that
     * is stricter than that of the objects loaded at the start. Then the image is loaded with the original size and
     * alignment, which every kernel accepts.
     */
    private static void load(List<Chain> chains, int strideShift) throws RefusedException {
        Architecture host = Objects.requireNonNull(Architecture.host());
        int areaBytes = ProviderImage.areaBytes();
        try {
            load(ProviderImage.write(host, ProviderImage.MEMORY_NAME, chains, strideShift, areaBytes));
        } catch (RefusedException e) {
            if (areaBytes == RseqArea.ORIGINAL_BYTES) {
                throw e;
            }
            load(ProviderImage.write(host, ProviderImage.MEMORY_NAME, chains, strideShift, RseqArea.ORIGINAL_BYTES));
        }
    }

    private static void load(byte[] image) throws RefusedException {
        int file = Linux.memfd_create(ProviderImage.FILE_NAME, Linux.MFD_CLOEXEC);
        if (file < 0) {
            throw new RefusedException("memfd_create(" + ProviderImage.FILE_NAME + ") answered " + Errno.name(-file),
                    "allow memfd_create(2), or preload the file that \"rseq4j provider\" writes");
        }
        long written = Linux.write(file, image);
        String path = "/proc/self/fd/" + file;
        String refusal = written == image.length
                ? DynamicLinker.dlopen(path, DynamicLinker.RTLD_NOW | DynamicLinker.RTLD_GLOBAL)
                : "write(length=" + image.length + ") answered "
                        + (written < 0 ? Errno.name((int) -written) : written + " bytes");
        if (!refusal.isEmpty()) {
            Linux.close(file);
            boolean isFull = refusal.contains("TLS");
            boolean isElsewhere = isFull && DynamicLinker.dlsym("__rseq_abi") != 0;
            throw new RefusedException((isElsewhere ? "the area that __rseq_abi names is not at a constant offset from "
                    + "the thread pointer: " : "the provider image is refused: ") + refusal,
                    isElsewhere ? "load the library that defines __rseq_abi with the program (LD_PRELOAD), "
                            + "or raise GLIBC_TUNABLES=glibc.rtld.optional_static_tls"
                            : isFull ? "preload the file that \"rseq4j provider\" writes, or raise "
                            + "GLIBC_TUNABLES=glibc.rtld.optional_static_tls"
                            : "allow executable mappings of files in memory and dlopen(3) of /proc/self/fd, or preload "
                            + "the file that \"rseq4j provider\" writes");
        }
    }

    /**
     * Registers the calling carrier thread until it ends. Further calls on that thread change nothing.
     *
     * @return 0 or -errno
     */
    public int join() {
        return (int) Native.call(join).value();
    }

    /** Returns the address of the function that {@link #join} calls. A signal handler may call it too. */
    public long joinAddress() {
        return join;
    }

    /** Returns the owner of the area, which the image found when it was loaded. */
    public Owner owner() {
        return switch ((int) Native.call(owner).value()) {
            case ProviderStart.LIBC -> Owner.LIBC;
            case ProviderStart.FOREIGN -> Owner.FOREIGN;
            case ProviderStart.OWN -> Owner.OWN;
            default -> Owner.NONE;
        };
    }

    /** Returns the area's distance from the thread pointer, in bytes. */
    public long offsetBytes() {
        return Native.call(offset).value();
    }

    /**
     * Returns the length with which areas are registered, in bytes. An image without a function for it uses the
     * original length.
     */
    public int lengthBytes() {
        return length == 0 ? RseqArea.ORIGINAL_BYTES : (int) Native.call(length).value();
    }
}
