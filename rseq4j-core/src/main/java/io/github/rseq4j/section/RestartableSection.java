package io.github.rseq4j.section;

import java.lang.invoke.MethodHandle;

/**
 * One or several restartable sections of a program, proven and ready to be called. {@link SectionBuilder} makes them.
 * Several sections run one after the other in one call.
 *
 * {@snippet :
 * static final RestartableSection RAISE = raise();           // SectionBuilder ... build()
 *
 * SectionResult result = RAISE.call(item, value);            // item: an address of PerCpuItems
 * if (result.isExit(NOT_HIGHER)) { ... }
 * }
 *
 * <p><b>Outcome.</b> A call returns when every section has committed, or when one section was left by an exit; the
 * {@link SectionResult} tells which. The call handles all other cases itself. It repeats a section that was aborted too
 * often, and registers a thread that has no registration. If the thread cannot be registered, or if there is no more
 * memory for code, the steps run one by one under a lock, on an additional copy. Apart from this case a call is
 * lock-free: it repeats a section only if the kernel aborted it. No call throws because the kernel refuses something.
 *
 * <p><b>Threads.</b> Any thread, platform or virtual, may call any method; only {@link #proveAborts} needs a platform
 * thread. Each section of a call works at one index; with {@code PerCpuItems} each index has a copy. The caller must
 * keep the owner of the memory, such as a {@code PerCpuItems}, reachable until the call has returned.
 *
 * <p><b>Cost.</b> Keep the section in a {@code static final} field. A call is then as cheap as one of the library's own
 * structures: one downcall, a comparison of its status, and no allocation, since neither the array of arguments nor the
 * result escapes. A call through another reference takes 5 to 10 ns more, and allocates the array and the result. In a
 * fresh JVM the first call with each number of arguments takes some 10 ms.
 *
 * <p><b>Memory.</b> The first call of {@link #call} or {@link #handle} emits the code, a page or more. The code stays
 * for the life of the JVM, because a sleeping thread may still hold its address. So there is a limit of 1024 different
 * sections, for all users together. Equal sections share one function. A name need not be unique.
 *
 * <p><b>Without rseq</b> the same steps run as bytecode under the lock of a stripe, and the stripe is the index. The
 * steps do not reach native memory: an address must be one of {@code PerCpuItems}, and a call with another address
 * throws {@link IndexOutOfBoundsException}.
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
     * @param skipped the number of such calls that were left out, because they lead out of the memory of the proof
     * @since 0.1.0
     */
    record AbortReport(int boundaries, long aborts, int overlapping, int skipped) {}

    /** {@return the name that was passed to the builder} */
    String name();

    /** {@return the number of longs that the function takes} */
    int arguments();

    /** {@return the number of sections that one call runs} */
    int sections();

    /**
     * Runs the sections, one after the other, until one is left by an exit.
     *
     * @param arguments a value for each argument, in their order
     * @return the outcome
     * @throws IllegalArgumentException when there are more or fewer arguments; when one is above the bound of a copy or
     *     a delay; when places overlap that {@link SectionBuilder#disjoint} says are disjoint
     * @throws ArithmeticException when the result would be negative
     * @throws IllegalStateException when a length or a delay that a section loaded is above its bound; when 1024
     *     different sections were emitted already. The failing section has committed nothing; the message has the
     *     number of sections that committed before it
     * @throws IndexOutOfBoundsException on the fallback, when a place is outside the memory of {@code PerCpuItems}
     */
    SectionResult call(long... arguments);

    /**
     * Returns the function that {@link #call} runs, for code that combines method handles. Its type is
     * {@code (long, ...)long}, with one {@code long} for each argument. The function returns the value of the result, 0
     * or more, or a negative status; {@link #result} makes a {@link SectionResult} of either. It throws the exceptions
     * of {@link #call}.
     *
     * @return the function; a handle in a {@code static final} field is as fast as {@link #call}
     * @throws IllegalStateException when 1024 different sections were emitted already
     */
    MethodHandle handle();

    /**
     * Returns the outcome for which a number that the function of {@link #handle} returned stands.
     *
     * @param status the number that a call of the function returned
     * @return the outcome
     * @throws IllegalArgumentException when no function of as many sections returns this number; whether this function
     *     has the exit or the value is not checked
     */
    SectionResult result(long status);

    /**
     * Lists the steps, and the code that is emitted for them, as assembly of this host's architecture. The listing has
     * this host's index; other numbers are nominal. If rseq4j emits no code for this host, the listing is for another
     * architecture.
     *
     * @return the listing
     */
    String listing();

    /**
     * Lists the steps and the code for an architecture. Every host lists every architecture.
     *
     * @param architecture its name, as the option {@code --arch} of {@code rseq4j listing} accepts it
     * @return the listing
     * @throws IllegalArgumentException when no architecture has that name
     */
    String listing(String architecture);

    /**
     * Lets the kernel abort the section at every instruction, one after the other, and checks each time that the
     * operation happened exactly once. This method is for the tests of a program. The proof has code and memory of its
     * own, so the section may be in use meanwhile. During the proof a handler of this library receives the signal
     * SIGTRAP for the whole process. Proofs run one at a time. The emitted code stays, and counts as one section
     * towards the limit.
     *
     * <p>Each instruction is aborted in a call in which no two places of the section overlap. Where the section has
     * places that can overlap, it is also aborted in up to two calls in which two of them do: two arguments, or an
     * argument and a loaded word, lead to one word, or an element is another word of its item.
     *
     * @param seed determines the memory and the arguments that the proof makes up
     * @return the aborts
     * @throws IllegalStateException when an operation did not happen exactly once, or no made-up call reaches an
     *     instruction; the message has the instruction and the seed. Also when the calling thread is virtual
     * @throws UnsupportedOperationException on the fallback, which has no instructions; the message has the reason and
     *     the remedy
     * @throws io.github.rseq4j.KernelException when the kernel refuses memory or the handler
     */
    AbortReport proveAborts(long seed);

    /** {@return the name, the steps and the results of all sections} */
    @Override
    String toString();
}
