package io.github.rseq4j.section;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.ir.Status;
import io.github.rseq4j.kernel.Architecture;
import io.github.rseq4j.kernel.Native;
import io.github.rseq4j.machine.Listing;
import io.github.rseq4j.proof.AbortProof;
import io.github.rseq4j.proof.SimulationProof;
import java.lang.invoke.MethodHandle;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A user's own restartable section, or several that run one after the other in one call, proven and ready to be called.
 * {@link SectionBuilder} makes it.
 *
 * {@snippet :
 * static final RestartableSection RAISE = raise();           // SectionBuilder ... build()
 * static final MethodHandle RAISE_TO = RAISE.handle();
 *
 * long status = (long) RAISE_TO.invokeExact(item, value);    // item: an address of PerCpuItems
 * if (RestartableSection.isExit(status)) { ... }             // it was as high already
 * }
 *
 * <p><b>What a call returns.</b> A result, 0 or more, when every section has committed; or a negative status, which
 * tells by which exit a section was left, and how many had committed before. Whatever else happens to a section is
 * finished before the call returns: one that was aborted too often is tried again, a thread without a registration gets
 * one, and where it cannot have one, or there is no more memory for code, the steps are run one by one under a lock, on
 * one more copy. A call is lock-free but for that: it is tried again only when the kernel disturbed it.
 *
 * <p><b>Threads.</b> Any thread may call, platform or virtual. It takes one index; with {@code PerCpuItems} each index
 * has a copy. Objects that the memory belongs to must stay reachable until the call has returned.
 *
 * <p><b>Cost.</b> Called through a handle that is a constant, the same as the library's own structures: one downcall, a
 * comparison of what it returned, and no allocation. Linking the handle takes a fresh JVM some 10 ms for each number of
 * arguments.
 *
 * <p><b>Memory.</b> The code, a page or more, is emitted when the handle is first asked for, and stays for the life of
 * the JVM: a thread that sleeps may still hold its address. So there is a limit of 1024 different sections, for all
 * users together; equal ones share one function. A name need not be unique.
 *
 * <p><b>Without rseq</b> the same steps run as bytecode under a lock for each stripe, on memory that is no native
 * memory: places are addresses that {@code PerCpuItems} handed out, and a call with another one throws
 * {@link IndexOutOfBoundsException}.
 */
public final class RestartableSection {
    private final SimulationProof proof;
    private final Chain chain;
    private final List<List<String>> disjoint;
    private volatile @Nullable Linked linked;

    /** The handle, and the same for an array of arguments. */
    private record Linked(MethodHandle handle, MethodHandle spread) {}

    /**
     * What the kernel was seen to abort.
     *
     * @param boundaries how many instructions the sections have: each was aborted at least once
     * @param aborts how often the kernel aborted one, at a breakpoint or by chance
     * @param overlapping how many instructions were aborted in calls in which two places of the section overlapped; 0
     *     where they cannot
     * @param skipped how many such calls were made up and not made, because they lead out of the memory of the proof
     */
    public record AbortReport(int boundaries, long aborts, int overlapping, int skipped) {}

    RestartableSection(SimulationProof proof, List<List<String>> disjoint) {
        this.proof = proof;
        this.disjoint = disjoint;
        this.chain = proof.chain();
    }

    /** {@return the name that the builder was given} */
    public String name() {
        return chain.name();
    }

    /** {@return how many longs the function takes} */
    public int arguments() {
        return chain.arguments();
    }

    /** {@return how many sections one call runs} */
    public int sections() {
        return chain.sections().size();
    }

    /**
     * Returns the function, of type {@code (long, ...)long} with as many longs as there are arguments. Keep it in a
     * {@code static final} field: called through anything else it costs twice as much.
     *
     * <p>A call throws {@link IllegalArgumentException} when an argument is beyond the bound of a copy or a delay, or
     * places overlap that {@link SectionBuilder#disjoint} says are disjoint; {@link IllegalStateException} when what a
     * section loaded is beyond the bound; and {@link ArithmeticException} when the result would be negative. The
     * section that throws has committed nothing; the message tells how many had committed before.
     *
     * @return the function, linked on first call
     * @throws IllegalStateException when 1024 different sections were emitted already
     */
    public MethodHandle handle() {
        return linked().handle;
    }

    private Linked linked() {
        Linked found = linked;
        if (found == null) {
            Engine engine = Engine.get();
            engine.admit(proof);
            MethodHandle handle = Completion.handle(engine, chain, disjoint);
            found = new Linked(handle, handle.asSpreader(long[].class, chain.arguments()));
            linked = found;
        }
        return found;
    }

    /**
     * Calls the function, for where a constant handle is not at hand: it takes some 10 ns more, and an array.
     *
     * @param arguments as many as there are
     * @return the result or the status, see {@link #handle}
     * @throws IllegalArgumentException when there are more or fewer, or one is beyond the bound of a copy or a delay
     */
    public long call(long... arguments) {
        if (arguments.length != chain.arguments()) {
            throw new IllegalArgumentException("section=" + name() + ", arguments.length=" + arguments.length
                    + ", must be " + chain.arguments());
        }
        try {
            return (long) linked().spread.invokeExact(arguments);
        } catch (Throwable t) {
            throw Native.rethrown(t);
        }
    }

    /**
     * Tells whether a section was left by an exit.
     *
     * @param status what a call returned
     * @return whether it is negative
     */
    public static boolean isExit(long status) {
        return status < 0;
    }

    /**
     * Returns the exit that a section was left by.
     *
     * @param status what a call returned
     * @return the exit's number, from 0
     * @throws IllegalArgumentException when the status is not that of an exit
     */
    public static int exit(long status) {
        int exit = Status.code(status) - Status.EXIT;
        if (status >= 0 || exit < 0 || exit >= SectionBuilder.MAX_EXITS) {
            throw new IllegalArgumentException("status=" + status + " is no exit");
        }
        return exit;
    }

    /**
     * Returns how many sections of the call have committed.
     *
     * @param status what a call of this function returned
     * @return all of them, or where one was left by an exit those before it
     */
    public int completed(long status) {
        return status >= 0 ? sections() : Status.completed(status);
    }

    /**
     * Lists the steps, and the code that is emitted for them on this host's architecture, with this host's index and
     * otherwise nominal numbers, as assembly. Where this host has no such code it is another architecture's.
     *
     * @return the listing
     */
    public String listing() {
        Architecture host = Architecture.host();
        return listing(host == null ? Architecture.values()[0] : host);
    }

    /**
     * Does the same for an architecture; any host lists any of them.
     *
     * @param architecture its name, as {@code rseq4j listing --arch} takes it
     * @return the listing
     * @throws IllegalArgumentException when there is none of that name
     */
    public String listing(String architecture) {
        List<String> names = new ArrayList<>();
        for (Architecture each : Architecture.values()) {
            names.add(each.spelling());
            if (each.spelling().equals(architecture)) {
                return listing(each);
            }
        }
        throw new IllegalArgumentException("architecture=" + architecture + ", must be one of "
                + String.join(", ", names));
    }

    private String listing(Architecture architecture) {
        return Listing.of(chain, architecture, Engine.get().sectionIndex());
    }

    /**
     * Has the kernel really abort the section at every instruction, one after the other, and checks each time that the
     * operation then happened exactly once: for the tests of whoever wrote it. It runs on code and memory of its own,
     * so the section may be in use meanwhile; it borrows the signal SIGTRAP while it runs, for the whole process, one
     * proof at a time. The code it emits stays, and counts as a section of the limit.
     *
     * <p>Each instruction is aborted in a call in which no two places of the section overlap, and in up to two calls in
     * which two of them do, where the section has such places: two arguments, or an argument and a word that is loaded,
     * lead to one word, or an element is another word of its item. The report says how many such calls there were.
     *
     * @param seed decides the memory and the arguments that are made up
     * @return what was aborted
     * @throws IllegalStateException telling instruction and seed, when an operation did not happen exactly once or no
     *     scenario reaches an instruction; on a virtual thread
     * @throws UnsupportedOperationException on the fallback, which has no instructions, with the reason and the remedy
     */
    public AbortReport proveAborts(long seed) {
        AbortProof.Report report = Engine.get().proveAborts(chain, seed);
        return new AbortReport(report.boundaries(), report.aborts(), report.overlapping(), report.skipped());
    }

    /** Returns the name, the steps and the results of all sections. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(name()).append('/').append(arguments());
        chain.sections().forEach(section -> {
            text.append(" {");
            section.steps().forEach(step -> text.append(' ').append(step).append(';'));
            text.append(section.result() == null ? " }" : " return " + section.result() + " }");
        });
        return text.toString();
    }
}
