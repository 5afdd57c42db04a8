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

/** Other libraries of this process that have to do with the registration. */
public final class Company {
    /* How it works
     *
     * A library that System.load or dlopen brought is visible to itself alone, so neither dlsym nor the dynamic linker
     * finds its __rseq_abi for the image. It is found by asking each object that is mapped, and made visible to all, as
     * if it had been loaded so. The kernel's list of mappings names the objects; the dynamic linker's own list must not
     * be read while others load and unload.
     *
     * Whether a thread has a registration is asked with an area where no program has memory: the kernel answers EINVAL
     * when the thread has another one, and EFAULT when it has none; it changes nothing.
     */
    /** By these symbols: the protocol of 2018, and librseq since 2022. */
    private static final String[] NAMES = {"__rseq_abi", "rseq_offset"};
    private static final Path MAPPINGS = Path.of("/proc/self/maps");
    private static final String DELETED = " (deleted)";
    /** Aligned for every area, and beyond every process's memory. */
    private static final long NOWHERE = -4096;

    private Company() {}

    /** Makes the symbols visible of libraries that were loaded for themselves alone. */
    static void promote() {
        for (String name : NAMES) {
            if (DynamicLinker.dlsym(name) == 0) {
                objects().stream().filter(each -> DynamicLinker.defines(each, name)).findFirst()
                        .ifPresent(each -> DynamicLinker.dlopen(each, DynamicLinker.RTLD_NOW
                                | DynamicLinker.RTLD_NOLOAD | DynamicLinker.RTLD_GLOBAL));
            }
        }
    }

    /** Returns the files that code is mapped from. */
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
            // Without /proc no hidden library is found here; registering a thread then reports it.
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
        // The thread is registered, so that these register nothing.
        return shared == 0 || -Linux.rseq(shared, RseqArea.ORIGINAL_BYTES, 0, signature) != Errno.EBUSY
                && -Linux.rseq(shared, feature, 0, signature) != Errno.EBUSY;
    }
}
