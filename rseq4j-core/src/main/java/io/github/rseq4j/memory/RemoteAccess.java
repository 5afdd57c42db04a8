package io.github.rseq4j.memory;

import io.github.rseq4j.KernelException;
import io.github.rseq4j.engine.Engine;
import java.lang.invoke.VarHandle;

/**
 * The protocol with which one thread works on copies of other indices while sections may be running on them: claim,
 * fence, look.
 *
 * <p>Roles: the visitor, which is the calling thread, and the sections of all CPUs. Each copy has a claim word, which
 * every section on that copy loads first.
 *
 * <ol>
 *   <li>Visitor, claim: writes the claim word of each copy that it wants. A section that loads the word afterwards does
 *       not touch the claimed memory: it takes an exit, or uses other memory of its index.
 *   <li>Visitor, fence: waits until no section is running that may have loaded the word before. Each of them has
 *       committed, and its stores are visible; or it is aborted, and its restart finds the claim (I9).
 *   <li>Visitor, look: reads the claimed memory, which no section writes from here on. Where sections write the claim
 *       word too, the look begins with this word: a section that committed in step 2 may have overwritten the claim.
 *       The copy then belongs to that section.
 *   <li>Visitor, unclaim: only if an earlier step has thrown. Afterwards the copies are as if they had not been
 *       claimed.
 * </ol>
 */
public final class RemoteAccess {
    /* How it works
     *
     * Why the fence is enough: membarrier aborts the section that runs on each CPU, and is a full barrier on that CPU
     * and on the visitor's. A section that was switched out is aborted when its thread runs again. On the fallback a
     * section holds its stripe's lock, and the fence takes each of these locks once. Threads without an index run
     * sections step by step under one lock, which the fence takes too. So each section either ended before the fence
     * returned, or began after the claim was visible.
     *
     * Two visitors must not claim one copy at the same time. A monitor ensures that (StackMemory), or a compare-and-set
     * of the claim word (PerCpuLock).
     *
     * A refused fence and an Error are treated alike: unclaim. Callers require Headroom first, so that a stack overflow
     * comes before the claim and not in its middle. The check is not part of the visit: some callers need it for more
     * than the visit, and a second check would make the locking of another CPU a third slower.
     *
     * Used by: StackMemory (turn an index's array; close all indices), PerCpuLock (one index; all free indices). The
     * item numbers of a PerCpuPool move to another CPU only through StackMemory. PerCpuItems is no visitor: its
     * sections have no claim word, and it fences before it reuses memory.
     *
     * Cost: one fence, some microseconds and an interrupt of each CPU that runs this process, for all claimed copies.
     *
     * Refused: a visit by a thread that is pinned to each CPU in turn. It costs a thread, changes of affinity, and a
     * switch on each CPU. Only the fence does this, and only where membarrier is refused (engine.Fences).
     */

    /** The steps of a visitor. They get the index and the value that the visitor has chosen. */
    public interface Visit {
        /**
         * Writes the claim words.
         *
         * @param index the index, where the visit is of one
         * @param value tells this visitor's claim from others
         * @return whether any copy was claimed; if none was, the visit ends
         */
        boolean claim(int index, long value);

        /**
         * Reads the claimed memory, after the fence.
         *
         * @param index the index, where the visit is of one
         * @param value tells this visitor's claim from others
         * @return whether the claim holds
         */
        boolean look(int index, long value);

        /**
         * Takes back the claims made so far. It may be called after a Throwable at any point of the other steps.
         *
         * @param index the index, where the visit is of one
         * @param value tells this visitor's claim from others
         */
        void unclaim(int index, long value);
    }

    private RemoteAccess() {}

    /**
     * Runs the protocol. The caller has required {@link Headroom}.
     *
     * @param engine runs the sections
     * @param visit the steps
     * @param index passed on to them
     * @param value passed on to them
     * @return whether the copies were claimed, and the claim holds
     * @throws KernelException when the kernel refuses the fence; nothing is claimed then
     */
    public static boolean visit(Engine engine, Visit visit, int index, long value) {
        boolean isDone = false;
        try {
            boolean isHeld = visit.claim(index, value);
            if (isHeld) {
                engine.fence();
                isHeld = visit.look(index, value);
                // The writes of sections and of earlier visitors are visible from here on.
                VarHandle.acquireFence();
            }
            isDone = true;
            return isHeld;
        } finally {
            if (!isDone) {
                visit.unclaim(index, value);
            }
        }
    }
}
