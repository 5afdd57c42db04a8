package io.github.rseq4j.provider;

import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.ir.Operand;
import io.github.rseq4j.ir.Section;
import io.github.rseq4j.ir.Status;
import io.github.rseq4j.ir.Step;
import java.util.List;

/** Writes {@code rseq4j.h}, which declares and documents the provider image's C functions. */
public final class ProviderHeader {
    /** The file's name. */
    public static final String FILE_NAME = "rseq4j.h";

    private static final String HEAD = """
            /*
             * rseq4j.h - restartable sequences, rseq(2), shared with everybody else in the process.
             *
             * Link with -lrseq4j, ahead of -lpthread and libc, or preload librseq4j.so. librseq4j-next.so must lie in
             * the same folder: a program that finds only the first does not start. The thread that starts the program
             * and every thread that pthread_create or thrd_create makes is registered before its own code runs.
             * Where libc registers (glibc 2.35 and later) its registration is used; where another library provides
             * __rseq_abi, that one is shared.
             *
             * Every function here may be called by any thread and from any signal handler. They make raw system calls
             * at most, allocate nothing, take no lock and do not touch errno: they return 0 or more, or -errno.
             */
            #ifndef RSEQ4J_H
            #define RSEQ4J_H

            #include <stdint.h>

            #ifdef __cplusplus
            extern "C" {
            #endif

            /*
             * rseq4j_owner(): who registered the threads' areas. NONE: the thread that loaded the library has an area
             * that is not shared; no thread is registered by these functions then.
             */
            #define RSEQ4J_OWNER_NONE 0
            #define RSEQ4J_OWNER_LIBC 1
            #define RSEQ4J_OWNER_FOREIGN 2
            #define RSEQ4J_OWNER_OWN 3

            /*
             * Registers the calling thread: takes a count of its registration. Each call that returned 0 is to be
             * answered by one rseq4j_unregister() of the same thread, before the thread ends where its memory does not
             * outlive it (musl).
             *   -ECANCELED  the thread is ending
             *   -EOVERFLOW  2^32 - 1 counts are taken
             *   -EINVAL     the thread is registered with an area that is not shared
             *   -ENOENT     another library owns the area, does not count, and has not registered this thread
             *   -ENOSYS, -EPERM  the kernel or a seccomp filter refuses rseq(2)
             */
            int rseq4j_register(void);

            /*
             * Gives one count back; the last one unregisters the thread.
             *   -EINVAL     rseq4j_register() has taken none that is left: the counts of others are not dropped
             */
            int rseq4j_unregister(void);

            /*
             * Registers the calling thread until it ends, once: further calls change nothing. This is what a signal
             * handler calls when a section says RSEQ4J_UNREGISTERED. Errors as of rseq4j_register(), and
             *   -EOPNOTSUPP libc takes the thread's memory back before the thread is gone (musl), and the thread was
             *               not made by the pthread_create or thrd_create of this library, so nobody would see its end
             */
            int rseq4j_join(void);

            /*
             * Ends what rseq4j_join() began, and leaves a tombstone: the thread is never registered by these functions
             * again. For the end of a thread; threads that pthread_create or thrd_create made need no call.
             */
            int rseq4j_leave(void);

            /* The CPU that the calling thread was on a moment ago; negative when the thread is not registered. */
            int rseq4j_current_cpu(void);

            /* Its concurrency id: small, and of no other thread that runs at that moment. -ENOSYS before Linux 6.3. */
            int rseq4j_mm_cid(void);

            /* One of RSEQ4J_OWNER_... */
            int rseq4j_owner(void);

            /*
             * How many bytes behind the thread pointer every thread's area (struct rseq) lies; negative if before it.
             */
            intptr_t rseq4j_offset(void);

            /*
             * The length that areas are registered with. With 32 the kernel serves a thread as it always did. With
             * more, Linux 7.1 and later serve it in an optimised mode, and end the process when somebody writes to
             * cpu_id_start, cpu_id, node_id or mm_cid.
             */
            int rseq4j_length(void);

            /* How many indices there are at most: what per-CPU memory must have room for. */
            int rseq4j_limit(void);

            /*
             * Per-CPU memory: the copies of a cell lie RSEQ4J_STRIDE bytes apart, one for each index, and a section
             * works on the copy of the index that the thread has at that moment. Reserve it by
             *   mmap(NULL, (size_t) rseq4j_limit() * RSEQ4J_STRIDE, PROT_READ | PROT_WRITE,
             *        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
             * A sum adds up *(intptr_t *) ((char *) cell + i * RSEQ4J_STRIDE) of all i below rseq4j_limit().
             */
            #define RSEQ4J_STRIDE ((intptr_t) 1 << $STRIDE_SHIFT)

            /*
             * A section returns 0 or more when it was committed, else a negative status: RSEQ4J_CODE(status) tells
             * why, and RSEQ4J_COMPLETED(status) how many sections of the function were committed before.
             */
            #define RSEQ4J_CODE(status) ((int) (-(status) & 255))
            #define RSEQ4J_COMPLETED(status) ((int) (-(status) >> 8))
            #define RSEQ4J_ABORTED $ABORTED /* restarted too often: call again */
            #define RSEQ4J_UNREGISTERED $UNREGISTERED /* rseq4j_join(), and call again */
            #define RSEQ4J_OUT_OF_RANGE $OUT_OF_RANGE /* an index, a length or a count is beyond its bound */
            #define RSEQ4J_EXIT(n) ($EXIT + (n)) /* exit n of the section: nothing was committed */

            /*
             * What a section does is told in steps. a0 and so on are the arguments, t0 and so on temporaries.
             * [a0 + slot] is the copy, of the index that the thread has, of the cell at address a0; [a0] is the memory
             * at a0 itself. Words have 8 bytes, or 4 where "int" stands. A comparison that holds leaves by its exit.
             * Nobody may look at what is stored ahead of the commit before the commit tells them to: a run that was
             * aborted may have stored there as well. A commit that is "release" makes what was stored ahead of it
             * visible before itself.
             */
            """;

    private static final String TAIL = """

            /*
             * Adds delta to the calling thread's copy of the cell; registers the thread if need be.
             * Returns 0, or -errno of rseq4j_join(); then nothing was added.
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
            \t\t\t\treturn -2; /* ENOENT: counted, and yet somebody unregistered it */
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
     * @param chains the sections that are declared
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
