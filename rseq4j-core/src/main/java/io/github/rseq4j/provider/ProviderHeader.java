package io.github.rseq4j.provider;

import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.ir.Operand;
import io.github.rseq4j.ir.Section;
import io.github.rseq4j.ir.Status;
import io.github.rseq4j.ir.Step;
import java.util.List;

/** Writes {@code rseq4j.h}, which declares and documents the provider image's C functions. */
public final class ProviderHeader {
    /** The name of the file. */
    public static final String FILE_NAME = "rseq4j.h";

    private static final String HEAD = """
            /*
             * rseq4j.h - restartable sequences, rseq(2), shared with other libraries of the process.
             *
             * Link with -lrseq4j, before -lpthread and libc, or preload librseq4j.so. librseq4j-next.so must lie in the
             * same folder: a program that finds only librseq4j.so does not start.
             *
             * The initial thread, and every thread that pthread_create or thrd_create makes, is registered before its
             * own code runs. If libc registers threads (glibc 2.35 and later), its registration is used. If another
             * library defines __rseq_abi, that area is shared.
             *
             * Every function may be called on any thread and from any signal handler. It makes only raw system calls,
             * allocates nothing, takes no lock, preserves errno, and returns 0 or more, or -errno.
             */
            #ifndef RSEQ4J_H
            #define RSEQ4J_H

            #include <stdint.h>

            #ifdef __cplusplus
            extern "C" {
            #endif

            /*
             * Results of rseq4j_owner(): the owner of the threads' areas. NONE: the thread that loaded the library has
             * an area that is not shared; these functions then register no thread.
             */
            #define RSEQ4J_OWNER_NONE 0
            #define RSEQ4J_OWNER_LIBC 1
            #define RSEQ4J_OWNER_FOREIGN 2
            #define RSEQ4J_OWNER_OWN 3

            /*
             * Registers the calling thread: takes a count of its registration. For each call that returned 0, the same
             * thread must call rseq4j_unregister() once; where a thread's memory does not outlive the thread (musl),
             * before the thread ends.
             *   -ECANCELED  the thread is ending
             *   -EOVERFLOW  2^32 - 1 counts are taken
             *   -EINVAL     the thread is registered with an area that is not shared
             *   -ENOENT     another library owns the area, does not count, and has not registered this thread
             *   -ENOSYS, -EPERM  the kernel or a seccomp filter refuses rseq(2)
             */
            int rseq4j_register(void);

            /*
             * Drops one count. Dropping the last one unregisters the thread.
             *   -EINVAL     no count of rseq4j_register() is left; the counts of other libraries are not dropped
             */
            int rseq4j_unregister(void);

            /*
             * Registers the calling thread until it ends. Further calls change nothing. A signal handler calls this
             * function when a section returns RSEQ4J_UNREGISTERED. Errors of rseq4j_register(), and
             *   -EOPNOTSUPP libc reclaims the thread's memory before the thread is gone (musl), and the thread was not
             *               made by this library's pthread_create or thrd_create, so its end would not be noticed
             */
            int rseq4j_join(void);

            /*
             * Drops the count of rseq4j_join(), and leaves a tombstone: these functions never register the thread
             * again. For the end of a thread. Threads that pthread_create or thrd_create made need no call.
             */
            int rseq4j_leave(void);

            /* The CPU on which the calling thread was a moment ago; negative if the thread is not registered. */
            int rseq4j_current_cpu(void);

            /* The thread's concurrency id: small, and unique among running threads. -ENOSYS before Linux 6.3. */
            int rseq4j_mm_cid(void);

            /* One of RSEQ4J_OWNER_... */
            int rseq4j_owner(void);

            /*
             * The distance in bytes from the thread pointer to the area (struct rseq), the same in every thread.
             */
            intptr_t rseq4j_offset(void);

            /*
             * The registered length of areas. With 32 the kernel serves a thread as before Linux 6.19. With more, Linux
             * 7.1 and later serve it in an optimised mode, and end the process if the program writes to cpu_id_start,
             * cpu_id, node_id or mm_cid.
             */
            int rseq4j_length(void);

            /* The number of indices for which per-CPU memory must have room. */
            int rseq4j_limit(void);

            /*
             * Per-CPU memory: a cell has a copy for each index; copies lie RSEQ4J_STRIDE bytes apart. A section works
             * on the copy of the index that the thread has at that moment. Reserve memory by
             *   mmap(NULL, (size_t) rseq4j_limit() * RSEQ4J_STRIDE, PROT_READ | PROT_WRITE,
             *        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
             * A sum adds *(intptr_t *) ((char *) cell + i * RSEQ4J_STRIDE) for all i less than rseq4j_limit().
             */
            #define RSEQ4J_STRIDE ((intptr_t) 1 << $STRIDE_SHIFT)

            /*
             * A section returns 0 or more if it was committed, and otherwise a negative status: RSEQ4J_CODE(status) is
             * the reason, RSEQ4J_COMPLETED(status) the number of sections of the function that were committed before.
             */
            #define RSEQ4J_CODE(status) ((int) (-(status) & 255))
            #define RSEQ4J_COMPLETED(status) ((int) (-(status) >> 8))
            #define RSEQ4J_ABORTED $ABORTED /* restarted too often: call again */
            #define RSEQ4J_UNREGISTERED $UNREGISTERED /* rseq4j_join(), and call again */
            #define RSEQ4J_OUT_OF_RANGE $OUT_OF_RANGE /* an index, a length or a count is beyond its bound */
            #define RSEQ4J_EXIT(n) ($EXIT + (n)) /* exit n of the section: nothing was committed */

            /*
             * The sections are described by their steps.
             * - a0 and so on are the arguments, t0 and so on temporaries.
             * - [a0 + slot] is the current index's copy of the cell at address a0; [a0] is the memory at a0 itself.
             * - Words have 8 bytes, or 4 if marked "int".
             * - A comparison that holds leaves the section by its exit.
             * - A store before the commit may come from an aborted run. It must not be used before the commit says so.
             * - A "release" commit becomes visible after all stores before it.
             * - The commit of a pair adds to two neighbouring words, and writes both by one store. The address of the
             *   first is a multiple of 16. Where asm/hwcap.h has HWCAP_USCAT, call such a section only if
             *   getauxval(AT_HWCAP) includes it.
             */
            """;

    private static final String TAIL = """

            /*
             * Adds delta to the current index's copy of the cell. Registers the thread if necessary. Returns 0; or
             * -errno of rseq4j_join(), and then nothing was added.
             */
            static inline int rseq4j_add(intptr_t *cell, intptr_t delta)
            {
            \tfor (;;) {
            \t\tintptr_t status = rseq4j_load_add_store_relaxed((intptr_t) cell, delta);

            \t\tif (status >= 0)
            \t\t\treturn 0;
            \t\tif (RSEQ4J_CODE(status) == RSEQ4J_OUT_OF_RANGE)
            \t\t\treturn -34; /* ERANGE */
            \t\tif (RSEQ4J_CODE(status) == RSEQ4J_UNREGISTERED) {
            \t\t\tint error = rseq4j_join();

            \t\t\tif (error < 0)
            \t\t\t\treturn error;
            \t\t\tif (rseq4j_current_cpu() < 0)
            \t\t\t\treturn -2; /* ENOENT: another party unregistered the thread */
            \t\t}
            \t}
            }

            #ifdef __cplusplus
            }
            #endif
            #endif
            """;

    private ProviderHeader() {}

    /**
     * Returns the header's text.
     *
     * @param chains the sections to declare
     * @param strideShift the binary logarithm of the distance between two indices' copies of a cell, in bytes
     */
    public static String text(List<Chain> chains, int strideShift) {
        StringBuilder text = new StringBuilder(HEAD
                .replace("$STRIDE_SHIFT", Integer.toString(strideShift))
                .replace("$ABORTED", Integer.toString(Status.ABORTED))
                .replace("$UNREGISTERED", Integer.toString(Status.UNREGISTERED))
                .replace("$OUT_OF_RANGE", Integer.toString(Status.OUT_OF_RANGE))
                .replace("$EXIT", Integer.toString(Status.EXIT)));
        for (Chain chain : chains) {
            declare(text, chain);
        }
        return text.append(TAIL).toString();
    }

    private static void declare(StringBuilder text, Chain chain) {
        text.append("\n/*\n * ").append(chain.sections().size() == 1 ? "One section" : chain.sections().size()
                + " sections, one after the other").append(", at most ").append(chain.restarts())
                .append(" restarts:\n");
        for (Section section : chain.sections()) {
            for (Step step : section.steps()) {
                text.append(" *   ").append(step).append('\n');
            }
        }
        Operand result = chain.sections().getLast().result();
        if (result != null) {
            text.append(" *   return ").append(result).append('\n');
        }
        text.append(" */\nintptr_t ").append(ProviderImage.PREFIX).append(chain.name()).append('(');
        for (int i = 0; i < chain.arguments(); i++) {
            text.append(i == 0 ? "" : i % 6 == 0 ? ",\n\t" : ", ").append("intptr_t a").append(i);
        }
        text.append(chain.arguments() == 0 ? "void);\n" : ");\n");
    }
}
