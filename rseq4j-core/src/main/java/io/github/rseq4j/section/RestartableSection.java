package io.github.rseq4j.section;

import java.lang.invoke.MethodHandle;

/**
 * A user's own restartable section, or several that run one after the other in one call, proven and ready to be called.
 * {@link SectionBuilder} makes it.
 *
 * {@snippet :
 * static final RestartableSection RAISE = raise();           // SectionBuilder ... build()
 *
 * SectionResult result = RAISE.call(item, value);            // item: an address of PerCpuItems
 * if (result.isExit(NOT_HIGHER)) { ... }
 * }
 *
 * <p><b>Outcome.</b> A call returns when every section has committed, or when one was left by an exit; the
 * {@link SectionResult} tells which. Everything else that happens to a section is finished before the call returns. A
 * section that was aborted too often is tried again. A thread without a registration gets one. Where it cannot have
 * one, or there is no more memory for code, the steps run one by one under a lock, on one more copy. Apart from that
 * case a call is lock-free: it is tried again only when the kernel disturbed it.
 *
 * <p><b>Threads.</b> Any thread may call, platform or virtual. Each section of a call works at one index; with
 * {@code PerCpuItems} each index has a copy. The caller keeps the objects that the memory belongs to reachable until
 * the call has returned.
 *
 * <p><b>Cost.</b> Keep the section in a {@code static final} field. A call is then as cheap as one of the library's own
 * structures: one downcall, a comparison of its status, and no allocation, since neither the array of arguments nor the
 * result escapes. Called through another reference it takes 5 to 10 ns more, and both objects. The first call
 * takes a fresh JVM some 10 ms for each number of arguments.
 *
 * <p><b>Memory.</b> The code, a page or more, is emitted by the first call, or when the handle is first asked for, and
 * stays for the life of the JVM, since a thread that sleeps may still hold its address. So there is a limit of 1024
 * different sections, for all users together; equal ones share one function. A name need not be unique.
 *
 * <p><b>Without rseq</b> the same steps run as bytecode, under the lock of a stripe, which takes the part of an index.
 * Their memory is not native memory there: an address is one of {@code PerCpuItems}, and a call with another one throws
 * {@link IndexOutOfBoundsException}.
 *
 * @since 0.1.0
 */
public sealed interface RestartableSection permits BuiltSection {
    /**
     * The aborts by the kernel that {@link #proveAborts} has seen.
     *
     * @param boundaries the number of instructions of the sections; each was aborted at least once
     * @param aborts the number of aborts, at breakpoints and by chance
     * @param overlapping the number of instructions that were aborted in calls in which two places of the section
     *     overlapped; 0 where places cannot overlap
     * @param skipped the number of such calls that were left out, since they lead out of the memory of the proof
     */
    record AbortReport(int boundaries, long aborts, int overlapping, int skipped) {}

    /** {@return the name that the builder was given} */
    String name();

    /** {@return how many longs the function takes} */
    int arguments();

    /** {@return how many sections one call runs} */
    int sections();

    /**
     * Runs the sections.
     *
     * @param arguments as many longs as there are arguments
     * @return the outcome
     * @throws IllegalArgumentException when there are more or fewer arguments; when one is above the bound of a copy or
     *     a delay; when places overlap that {@link SectionBuilder#disjoint} says are disjoint
     * @throws ArithmeticException when the result would be negative
     * @throws IllegalStateException when a length or a delay that a section loaded is above its bound; when 1024
     *     different sections were emitted already. The section that throws has committed nothing, and the message tells
     *     how many sections before it have
     * @throws IndexOutOfBoundsException on the fallback, when a place is outside the memory of {@code PerCpuItems}
     */
    SectionResult call(long... arguments);

    /**
     * Returns the function that {@link #call} runs, of type {@code (long, ...)long} with as many longs as there are
     * arguments, for code that combines method handles. It returns the value of the result, 0 or more, or a negative
     * status, of which {@link #result} makes a {@link SectionResult}. It throws what {@link #call} throws.
     *
     * @return the function; a constant costs as little as {@link #call} does
     * @throws IllegalStateException when 1024 different sections were emitted already
     */
    MethodHandle handle();

    /**
     * Returns the outcome that a status of {@link #handle} stands for.
     *
     * @param status what a call of this section's function returned
     * @return the outcome
     * @throws IllegalArgumentException when the function returns no such status
     */
    SectionResult result(long status);

    /**
     * Lists the steps and the code that is emitted for them, as assembly for this host's architecture, with this host's
     * index and otherwise nominal numbers. On a host for which no code is emitted the listing is for another
     * architecture.
     *
     * @return the listing
     */
    String listing();

    /**
     * Lists the steps and the code for an architecture. Every host lists every architecture.
     *
     * @param architecture its name, as {@code rseq4j listing --arch} takes it
     * @return the listing
     * @throws IllegalArgumentException when no architecture has that name
     */
    String listing(String architecture);

    /**
     * Lets the kernel abort the section at every instruction, one after the other, and checks each time that the
     * operation happened exactly once. It is for the tests of a program. It runs on code and memory of its own, so the
     * section may be in use meanwhile. While it runs it handles the signal SIGTRAP for the whole process; proofs run
     * one at a time. The code that it emits stays, and counts as a section of the limit.
     *
     * <p>Each instruction is aborted in a call in which no two places of the section overlap. Where the section has
     * places that can overlap, it is also aborted in up to two calls in which two of them do: two arguments, or an
     * argument and a loaded word, lead to one word, or an element is another word of its item.
     *
     * @param seed decides which memory and arguments the proof makes up
     * @return the aborts
     * @throws IllegalStateException with instruction and seed, when an operation did not happen exactly once or no
     *     scenario reaches an instruction; when the calling thread is virtual
     * @throws UnsupportedOperationException on the fallback, which has no instructions, with the reason and the remedy
     */
    AbortReport proveAborts(long seed);

    /** {@return the name, the steps and the results of all sections} */
    @Override
    String toString();
}
