package io.github.rseq4j.registration;

import io.github.rseq4j.kernel.Architecture;
import io.github.rseq4j.kernel.DynamicLinker;
import io.github.rseq4j.kernel.Errno;
import io.github.rseq4j.kernel.Linux;
import io.github.rseq4j.kernel.RseqArea;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.Objects;
import java.util.Set;

/** Other libraries of this process that register threads. */
public final class Company {
    /* How it works
     *
     * The symbols of a library that was loaded by System.load, or by dlopen without RTLD_GLOBAL, are visible only to
     * that library. So neither dlsym nor the dynamic linker finds its __rseq_abi for the image. Therefore each mapped
     * object is searched for the symbols, and an object that defines one is made visible to all, as RTLD_GLOBAL would
     * have done. The kernel's list of mappings names the objects: the dynamic linker's own list must not be read while
     * other threads load and unload.
     *
     * To find whether a thread is registered, rseq(2) is called with an area at an address that no program can have.
     * The kernel answers EINVAL if the thread has another area, and EFAULT if it has none. It changes nothing.
     */
    /**
     * The symbols by which the libraries are found: the protocol of 2018 has the first, librseq since 2022 the second.
     */
    private static final String[] NAMES = {"__rseq_abi", "rseq_offset"};
    private static final Path MAPPINGS = Path.of("/proc/self/maps");
    private static final String DELETED = " (deleted)";
    /** An address that is aligned for every area, and that no process can have. */
    private static final long NOWHERE = -4096;

    private Company() {}

    /** Makes the symbols of a library that was loaded without RTLD_GLOBAL visible to all objects. */
    static void promote() {
        for (String name : NAMES) {
            if (DynamicLinker.dlsym(name) == 0) {
                objects().stream().filter(each -> DynamicLinker.defines(each, name)).findFirst()
                        .ifPresent(each -> DynamicLinker.dlopen(each, DynamicLinker.RTLD_NOW
                                | DynamicLinker.RTLD_NOLOAD | DynamicLinker.RTLD_GLOBAL));
            }
        }
    }

    /** Returns the files from which code is mapped. */
    private static Set<String> objects() {
        Set<String> paths = new LinkedHashSet<>();
        try {
            String mappings = new String(Files.readAllBytes(MAPPINGS), StandardCharsets.UTF_8);
            for (String line : mappings.lines().toList()) {
                int path = line.indexOf('/');
                if (path > 0 && line.substring(0, path).contains("x")) {
                    String name = line.substring(path);
                    paths.add(name.endsWith(DELETED) ? name.substring(0, name.length() - DELETED.length()) : name);
                }
            }
        } catch (IOException e) {
            // Without /proc no such library is found here. The registration of a thread then fails with a reason.
        }
        return paths;
    }

    /**
     * Tells whether the calling platform thread has an area of an unknown owner. The result is false on a virtual
     * thread, which may change its carrier between question and answer.
     */
    public static boolean hasTakenThisThread() {
        int signature = Objects.requireNonNull(Architecture.host()).signature();
        if (Thread.currentThread().isVirtual() || DynamicLinker.dlsym("rseq_offset") != 0
                || -Linux.rseq(NOWHERE, RseqArea.ORIGINAL_BYTES, 0, signature) != Errno.EINVAL) {
            return false;
        }
        long shared = DynamicLinker.dlsym("__rseq_abi");
        int feature = Math.max(RseqArea.ORIGINAL_BYTES, Registration.kernelFeatureBytes());
        // The thread has another area, so these calls cannot register it.
        return shared == 0 || -Linux.rseq(shared, RseqArea.ORIGINAL_BYTES, 0, signature) != Errno.EBUSY
                && -Linux.rseq(shared, feature, 0, signature) != Errno.EBUSY;
    }
}
