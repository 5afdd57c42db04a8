package io.github.rseq4j.cli.process;

import io.github.rseq4j.kernel.RseqArea;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Finds the libraries of a process that the newest kernels break, or serve in their slower mode. */
public final class Companions {
    /* How it works
     *
     * Linux 6.19 writes cpu_id_start only when a thread has changed its CPU. tcmalloc, since September 2023, keeps half
     * of a pointer in this field: if the kernel has overwritten it, the thread was interrupted. Since Linux 7.1, and a
     * correction of 7.0, a registration of 32 bytes is served as before 6.19. A registration of more bytes gets the
     * optimised mode, in which the kernel ends a process that writes to the field.
     *
     * Such a cache is found in two ways: by tcmalloc's symbol; and by its effect, because the kernel itself never
     * leaves cpu_id_start and cpu_id unequal.
     */
    private static final String CACHE = "keeps a cache in cpu_id_start: ";
    private static final String CORRUPTS = "on Linux 6.19, and 7.0 before its correction of May 2026, it corrupts its "
            + "memory; registered with more than 32 bytes it is ended by SIGSEGV";
    private static final String FULL = "its threads are registered with more than 32 bytes, so the kernel ends the "
            + "process by SIGSEGV when one of them changes its CPU";
    private static final String LET_LIBC = "set GLIBC_TUNABLES=glibc.pthread.rseq=1 (glibc 2.35 or later registers, "
            + "and tcmalloc does without rseq), or run it on Linux 7.1 or later";
    private static final String LOAD_FIRST = "load it before librseq4j.so (LD_PRELOAD), so that its area of 32 bytes "
            + "is the shared one, or set GLIBC_TUNABLES=glibc.pthread.rseq=1";

    /**
     * A library with a problem.
     *
     * @param name the name of its file, or of the process if the file is unknown
     * @param what the problem
     * @param remedy what to do about it
     */
    public record Finding(String name, String what, String remedy) {}

    private final List<LoadedObjects.Claims> objects;
    private final List<PtraceSession.Seen> threads;
    private final String process;
    private final long featureBytes;

    /**
     * Creates the finder.
     *
     * @param objects the loaded objects of the process
     * @param threads the threads of the process that were read
     * @param process the name of the process
     * @param featureBytes the number of bytes of an area that the kernel maintains
     */
    public Companions(List<LoadedObjects.Claims> objects, List<PtraceSession.Seen> threads, String process,
                      long featureBytes) {
        this.objects = objects;
        this.threads = threads;
        this.process = process;
        this.featureBytes = featureBytes;
    }

    /** Returns the findings, without duplicates. */
    public List<Finding> findings() {
        Set<Finding> findings = new LinkedHashSet<>();
        for (LoadedObjects.Claims claims : objects) {
            boolean isFull = hasThread(claims.areaOffset(), "full");
            // Where libc registers, tcmalloc sees that, and keeps no cache.
            if (claims.marks().contains(LoadedObjects.TCMALLOC) && (isFull || !libcRegisters())) {
                findings.add(cache(claims.name(), isFull));
            }
            if (claims.marks().contains(LoadedObjects.RSEQ4J)
                    && !claims.marks().contains(LoadedObjects.RSEQ4J_LENGTH) && hasFullMode()) {
                findings.add(slow(claims.name(), "write it anew by \"rseq4j provider\""));
            }
            boolean isLegacy = hasFullMode()
                    && hasThread(claims.isLibc() ? claims.offset() : claims.areaOffset(), "legacy");
            if (isLegacy && claims.isLibc()) {
                findings.add(slow(claims.name(), "run it on glibc 2.41 or later"));
            } else if (isLegacy && claims.marks().contains(LoadedObjects.LIBRSEQ)) {
                findings.add(slow(claims.name(), "use a librseq that registers getauxval(AT_RSEQ_FEATURE_SIZE) bytes"));
            }
        }
        for (PtraceSession.Seen thread : threads) {
            if (isOverwritten(thread)) {
                String name = nameOf(thread);
                if (findings.stream().noneMatch(each -> each.what().startsWith(CACHE) && each.name().equals(name))) {
                    findings.add(cache(name, mode(thread).equals("full")));
                }
            }
        }
        return new ArrayList<>(findings);
    }

    private static Finding cache(String name, boolean isFull) {
        return new Finding(name, CACHE + (isFull ? FULL : CORRUPTS), isFull ? LOAD_FIRST : LET_LIBC);
    }

    private static Finding slow(String name, String remedy) {
        return new Finding(name, "registers 32 bytes, so this kernel serves its threads in the legacy mode", remedy);
    }

    private boolean libcRegisters() {
        return objects.stream().anyMatch(each -> each.isLibc() && each.size() != null && each.size() != 0);
    }

    private boolean hasFullMode() {
        return featureBytes > RseqArea.ORIGINAL_BYTES;
    }

    private String mode(PtraceSession.Seen thread) {
        return RseqArea.mode(thread.registration().area() == 0 ? 0
                : Integer.toUnsignedLong(thread.registration().sizeBytes()), featureBytes);
    }

    private boolean hasThread(@Nullable Long distance, String mode) {
        return distance != null && threads.stream()
                .anyMatch(each -> distance.equals(each.distance()) && mode(each).equals(mode));
    }

    private static boolean isOverwritten(PtraceSession.Seen thread) {
        if (thread.area().length < RseqArea.RSEQ_CS) {
            return false;
        }
        ByteBuffer area = ByteBuffer.wrap(thread.area()).order(ByteOrder.nativeOrder());
        return area.getInt(RseqArea.CPU_ID) >= 0 && area.getInt(0) != area.getInt(RseqArea.CPU_ID);
    }

    /** Returns the name of the object that has the thread's area, by the area's distance from the thread pointer. */
    private String nameOf(PtraceSession.Seen thread) {
        Long distance = thread.distance();
        for (LoadedObjects.Claims claims : objects) {
            if (distance != null && distance.equals(claims.areaOffset())) {
                return claims.name();
            }
        }
        return process;
    }
}
