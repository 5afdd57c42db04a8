package io.github.rseq4j.engine;

import io.github.rseq4j.KernelException;
import io.github.rseq4j.interpreter.AddressSpace;
import io.github.rseq4j.interpreter.Arguments;
import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.ir.Index;
import io.github.rseq4j.ir.Status;
import io.github.rseq4j.proof.AbortProof;
import io.github.rseq4j.proof.SimulationProof;
import io.github.rseq4j.registration.Registration;
import io.github.rseq4j.sections.Sections;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Runs sections in this JVM, by the kernel's restartable sequences or by the fallback. The engine is chosen once, at
 * the first use.
 */
public sealed interface Engine permits NativeEngine, FallbackEngine {
    /**
     * The system property that says whose registration may be used: {@code auto} (libc's, else another library's, else
     * our own), {@code libc} (no other), or {@code never}.
     */
    String REGISTRATION_PROPERTY = "rseq4j.registration";

    /** The binary logarithm of the distance between two indices' copies of a cell, in bytes. */
    int STRIDE_SHIFT = 20;

    /**
     * The status of a function that could not be linked when its holder was initialised: {@link #complete} does its
     * work. It is that of a section that was aborted too often.
     */
    long UNLINKED = -Status.ABORTED;

    /** Returns this JVM's engine, chosen when the first caller asks for it. */
    static Engine get() {
        if (!Choice.isMade()) {
            Choice.make();
        }
        return Choice.Made.ENGINE;
    }

    /**
     * Returns this JVM's engine after it has initialised classes that hold functions, where an initialiser does not
     * fail: each is lost for the life of the JVM when it does. To be called before one of them is used, seldom, for
     * example where a structure is made.
     *
     * @param holders the classes
     */
    static Engine get(Class<?>... holders) {
        for (Class<?> each : holders) {
            if (!Choice.isMade() || !Choice.Made.PREPARED.contains(each)) {
                Choice.make(holders);
                break;
            }
        }
        return Choice.Made.ENGINE;
    }

    /**
     * Links the function of a chain, for the initialiser of a class that {@link #get(Class[])} initialises. It throws
     * nothing that linking throws: a call of a function that could not be linked is completed.
     *
     * @param chain one of {@link Sections#all()}
     */
    static Link link(Chain chain) {
        Link unlinked = new Link(chain, Arguments.NONE, null);
        try {
            return new Link(chain, Arguments.NONE, get().handle(chain));
        } catch (Throwable _) {
            return unlinked;
        }
    }

    /**
     * Does the same for a function with a segment.
     *
     * @param chain one of {@link Sections#all()}
     * @param segment the number of the argument that is a segment
     */
    static Link link(Chain chain, int segment) {
        Link unlinked = new Link(chain, segment, null);
        try {
            return new Link(chain, segment, get().handle(chain, segment));
        } catch (Throwable _) {
            return unlinked;
        }
    }

    /** Returns the handle of {@link #areaFieldHandle()} as a constant. */
    static @Nullable MethodHandle areaField() {
        return Choice.isMade() || get() != null ? Choice.Made.AREA_FIELD : null;
    }

    /** Returns what a person calls the engine. */
    String name();

    /** Returns the registration, with its proof or the reason why the fallback serves. */
    Registration registration();

    /** Returns what the self-test saw. */
    SelfTest.Outcome selfTest();

    /** Returns the index's name: {@code mm_cid}, {@code cpu_id} or, for the fallback, {@code stripe}. */
    String indexName();

    /** Returns how many copies of a cell there are: one for each index, and one for threads that have none. */
    int copies();

    /** Returns below which number an index selects a copy. */
    int limit();

    /** Returns the index that sections go by; where there is none, the one that they would go by. */
    Index sectionIndex();

    /** Tells whether the kernel maintains node_id and mm_cid. */
    boolean hasNodeAndMmCid();

    /**
     * Registers the calling carrier thread, where that is for us to do.
     *
     * @return 0, also where there is nothing to do, or -errno
     */
    int join();

    /** Returns the memory that the sections work on. */
    AddressSpace memory();

    /** Returns the grain of {@link #memory()}: so much at least is populated, and can be given back, at a time. */
    long pageBytes();

    /** Tells whether {@link #memory()} can show files, and has the kernel's pages. */
    boolean hasKernelPages();

    /**
     * Returns how much of a part of {@link #memory()} is populated, at most.
     *
     * @param address where it begins
     * @param lengthBytes its length
     */
    long populatedBytes(long address, long lengthBytes);

    /**
     * Gives back what pages of zeros hold: they are zeros again, and not populated.
     *
     * @param address where the first one begins
     * @param lengthBytes their length
     * @return whether it was done
     */
    boolean discard(long address, long lengthBytes);

    /**
     * Does the same for pages that may show a file, and show none afterwards.
     *
     * @param address where the first one begins
     * @param lengthBytes their length
     * @return whether it was done
     */
    boolean renew(long address, long lengthBytes);

    /**
     * Tells whether the engine itself works on the first cell of a range, at any time.
     *
     * @param range what {@link #reserve()} returned
     */
    boolean worksOn(long range);

    /**
     * Reserves address space for a range of cells: {@link #copies()} times the stride.
     *
     * @return the address of the first cell's copy at index 0; all is 0
     * @throws KernelException when the kernel refuses
     */
    long reserve();

    /**
     * Reserves memory that no index selects.
     *
     * @param lengthBytes how much
     * @return its address; all is 0
     * @throws KernelException when the kernel refuses
     */
    long reserve(long lengthBytes);

    /**
     * Returns which copy a section that goes by the CPU's number would have worked on, had the calling thread called it
     * a moment ago.
     */
    int cpuIndex();

    /** Returns which copy a section would have worked on, had the calling thread called it a moment ago. */
    int index();

    /**
     * Returns when no section is running any more that was running when this was called: each has committed, and that
     * is seen, or it was aborted and begins anew, and then sees what the caller wrote before (I9).
     *
     * @throws KernelException when the kernel refuses
     */
    void fence();

    /**
     * Throws what {@link #fence} would throw, for an operation that cannot be undone when a fence is refused in its
     * middle.
     *
     * @throws KernelException when the kernel refuses
     */
    void requireFence();

    /**
     * Does what {@link #fence} does for one CPU alone.
     *
     * @param cpu the CPU
     * @throws KernelException when the kernel refuses
     */
    void fence(int cpu);

    /**
     * Returns the function of a chain, of type (long, ...)long; make it a constant.
     *
     * @param chain one of {@link Sections#all()}, or one that was admitted
     */
    MethodHandle handle(Chain chain);

    /**
     * Returns the same function with one of its arguments as a segment, which may be an array of the heap: for chains
     * that copy from it or to it, and do nothing else with it. A segment that is copied from is only read. Of one that
     * is copied to no other byte is written; it must not be read-only, for machine code does not look. Make it a
     * constant.
     *
     * @param chain one of {@link Sections#all()}
     * @param segment the number of the argument that is a {@link MemorySegment}
     * @return a handle of type (long, ..., MemorySegment, long, ...)long; a call throws {@link IllegalStateException}
     *     when the segment's scope is closed, and {@link WrongThreadException} when it is another thread's
     * @throws IllegalArgumentException when the chain needs the argument's address
     */
    MethodHandle handle(Chain chain, int segment);

    /**
     * Returns the function that reads what the sections' timestamps read: the processor's counter, or, where the
     * fallback serves, {@link System#nanoTime()}; of type ()long. Make it a constant.
     *
     * @throws KernelException when there is no more executable memory
     */
    MethodHandle timestampHandle();

    /** Tells whether the sections' timestamps read the processor's counter. */
    boolean readsCounter();

    /**
     * Returns the handle that reads an int of the calling carrier thread's rseq area, sign-extended; of type (long,
     * long)long: the field's offset in bytes, and an argument that is ignored. It is null on the fallback.
     */
    @Nullable MethodHandle areaFieldHandle();

    /**
     * Makes the functions of chains, so that a later {@link #handle} or {@link NativeEngine#entry} needs no executable
     * memory.
     *
     * @param chains chains of {@link Sections#all()}, or chains that were admitted
     * @throws KernelException when there is no more executable memory
     */
    void emit(List<Chain> chains);

    /**
     * Returns how often the sections of a chain were aborted, in all threads and since its function was made; 0 on the
     * fallback.
     *
     * @param chain one of {@link Sections#all()}, or one that was admitted
     * @throws KernelException when there is no more executable memory
     */
    long aborts(Chain chain);

    /**
     * Takes a chain that is not listed in {@link Sections}, for the life of the JVM. Equal chains are one; chains that
     * share no more than their name have nothing to do with each other.
     *
     * @param proof the proof of the chain
     * @throws IllegalStateException when there are too many
     */
    void admit(SimulationProof proof);

    /**
     * Takes chains of another module of rseq4j, whose tests simulate and abort them as core's do with {@link Sections}:
     * a proof in each JVM would take seconds. This package is exported to modules of rseq4j alone, so no other chain
     * comes here without its proof.
     *
     * @param chains the chains
     * @throws IllegalStateException when there are too many
     */
    void admit(List<Chain> chains);

    /**
     * Aborts a chain at every instruction, in code of its own and on memory that all such proofs share. The code stays
     * mapped, so each call takes a place of those that {@link #admit} hands out.
     *
     * @param chain the chain
     * @param seed decides the scenarios
     * @return what was proven
     * @throws IllegalStateException as {@link AbortProof#prove} does, or when too much was emitted, or the thread
     *     cannot be registered
     * @throws UnsupportedOperationException on the fallback, which has no instructions
     */
    AbortProof.Report proveAborts(Chain chain, long seed);

    /**
     * Finishes a call that returned a negative status for another reason than an exit: tries again, or does the work
     * where threads without an index do it. An exit is final, and comes back as it is; a caller whose exits come often
     * keeps it and spares the call.
     *
     * @param chain the chain
     * @param status what it returned
     * @param arguments the arguments it was called with
     * @return 0 or more, or the exit's status, or out of range when a length or a delay is beyond its bound
     */
    long complete(Chain chain, long status, long... arguments);

    /**
     * Does the same for a call with a segment.
     *
     * @param chain the chain
     * @param status what it returned
     * @param segment the number of the argument that is a segment
     * @param data the segment
     * @param arguments all arguments; the one that is a segment is not looked at
     * @return 0 or more, or the exit's status
     */
    long complete(Chain chain, long status, int segment, MemorySegment data, long... arguments);
}
