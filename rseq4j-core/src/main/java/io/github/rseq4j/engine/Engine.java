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
 * Runs sections in this JVM, with the kernel's restartable sequences or on the fallback. The engine is chosen once, at
 * the first use.
 */
public sealed interface Engine permits NativeEngine, FallbackEngine {
    /**
     * The system property that says which registrations may be used: {@code auto} (libc's, else another library's, else
     * rseq4j's own), {@code libc} (only libc's), or {@code never}.
     */
    String REGISTRATION_PROPERTY = "rseq4j.registration";

    /** The binary logarithm of the stride, in bytes. */
    int STRIDE_SHIFT = 20;

    /**
     * The status of a call whose function could not be linked when its holder was initialised: {@link #complete} does
     * the work. It equals the status of a section that was aborted too often.
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
     * Initialises classes that hold functions, and returns this JVM's engine. A class whose initialiser fails is lost
     * for the life of the JVM, so the initialisers run on a thread on which they do not fail. Call this before the
     * first use of one of the classes, and rarely: for example, where a structure is made.
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
     * nothing when linking fails: {@link #complete} then does the work of each call.
     *
     * @param chain one of {@link Sections#all()}
     */
    static Link link(Chain chain) {
        return link(chain, Arguments.NONE, false);
    }

    /**
     * Does the same as {@link #link(Chain)} for a chain that adds to words which only such chains change.
     *
     * @param chain one of {@link Sections#all()}, which only loads words and adds to longs
     */
    static Link linkAdditions(Chain chain) {
        return link(chain, Arguments.NONE, true);
    }

    /**
     * Does the same as {@link #link(Chain)} for a function with a segment.
     *
     * @param chain one of {@link Sections#all()}
     * @param segment the number of the argument that is a segment
     */
    static Link link(Chain chain, int segment) {
        return link(chain, segment, false);
    }

    private static Link link(Chain chain, int segment, boolean isAdditions) {
        Link unlinked = new Link(chain, segment, null);
        try {
            Engine engine = get();
            return new Link(chain, segment, isAdditions ? engine.additions(chain)
                    : segment == Arguments.NONE ? engine.handle(chain) : engine.handle(chain, segment));
        } catch (Throwable _) {
            return unlinked;
        }
    }

    /**
     * Links the function of a chain that reads arrays, for the initialiser of a class that {@link #get(Class[])}
     * initialises. Where {@link #arrays} has no function, each call returns {@link #UNLINKED}.
     *
     * @param chain one of {@link Sections#all()}
     * @param segments the numbers of the arguments that are segments of the arrays
     */
    static Link linkArrays(Chain chain, int... segments) {
        try {
            return new Link(chain, Arguments.NONE, get().arrays(chain, segments));
        } catch (Throwable _) {
            return new Link(chain, Arguments.NONE, null);
        }
    }

    /** Returns the handle of {@link #areaFieldHandle()} as a constant. */
    static @Nullable MethodHandle areaField() {
        return Choice.isMade() || get() != null ? Choice.Made.AREA_FIELD : null;
    }

    /** Returns the engine's name for people. */
    String name();

    /** Returns the registration, with its proof or the reason why the fallback serves. */
    Registration registration();

    /** Returns the outcome of the self-test. */
    SelfTest.Outcome selfTest();

    /** Returns the index's name: {@code mm_cid}, {@code cpu_id} or, for the fallback, {@code stripe}. */
    String indexName();

    /**
     * Returns the number of copies of a cell: one for each index and, on restartable sequences, one more for threads
     * that have no index.
     */
    int copies();

    /** Returns the number below which an index selects a copy. */
    int limit();

    /** Returns the index that sections use; on the fallback, the one that they would use. */
    Index sectionIndex();

    /** Tells whether the kernel maintains node_id and mm_cid. */
    boolean hasNodeAndMmCid();

    /**
     * Registers the calling carrier thread, where rseq4j registers threads.
     *
     * @return 0, also where there is nothing to do, or -errno
     */
    int join();

    /** Returns the memory that the sections work on. */
    AddressSpace memory();

    /** Returns the page size of {@link #memory()}: the least amount that can be populated or given back. */
    long pageBytes();

    /** Tells whether {@link #memory()} consists of the kernel's pages, to which files can be mapped. */
    boolean hasKernelPages();

    /**
     * Returns an upper bound of the populated bytes in a part of {@link #memory()}.
     *
     * @param address where it begins
     * @param lengthBytes its length
     */
    long populatedBytes(long address, long lengthBytes);

    /**
     * Gives pages of anonymous memory back: they read as zeros afterwards, and are not populated.
     *
     * @param address where the first one begins
     * @param lengthBytes their length
     * @return whether it was done
     */
    boolean discard(long address, long lengthBytes);

    /**
     * Does the same as {@link #discard} for pages to which a file may be mapped. No file is mapped to them afterwards.
     *
     * @param address where the first one begins
     * @param lengthBytes their length
     * @return whether it was done
     */
    boolean renew(long address, long lengthBytes);

    /**
     * Reserves address space for a range of cells: {@link #copies()} times the stride.
     *
     * @return the address of the first cell's copy at index 0; all is 0
     * @throws KernelException when the kernel refuses
     */
    long reserve();

    /**
     * Reserves memory in which no index selects a copy.
     *
     * @param lengthBytes the length
     * @return its address; all is 0
     * @throws KernelException when the kernel refuses
     */
    long reserve(long lengthBytes);

    /**
     * Returns the number of the copy on which a section that uses {@code cpu_id} would have worked, if the calling
     * thread had called it a moment ago.
     */
    int cpuIndex();

    /**
     * Returns the number of the copy on which a section would have worked, if the calling thread had called it a moment
     * ago.
     */
    int index();

    /**
     * Waits until no section is running any more that was running when this was called. Each has committed, and the
     * caller sees its commit; or it was aborted, and its restart sees the caller's earlier writes (I9).
     *
     * @throws KernelException when the kernel refuses
     */
    void fence();

    /**
     * Throws what {@link #fence} would throw. An operation calls this first if it cannot be undone when the kernel
     * refuses a fence in its middle.
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
     * Returns the same function with one of its arguments as a segment, which may be a segment of a heap array. The
     * chain may only copy from the segment or to it. A source is only read. A target gets the copied bytes, and no
     * other byte of it is written. A target must not be read-only, because machine code does not check that. Make the
     * handle a constant.
     *
     * @param chain one of {@link Sections#all()}
     * @param segment the number of the argument that is a {@link MemorySegment}
     * @return a handle of type (long, ..., MemorySegment, long, ...)long; a call throws {@link IllegalStateException}
     *     when the segment's scope is closed, and {@link WrongThreadException} when it is another thread's
     * @throws IllegalArgumentException when the chain needs the argument's address
     */
    MethodHandle handle(Chain chain, int segment);

    /**
     * Returns the function of a chain that reads heap arrays in place. Machine code does not check the arrays' lengths:
     * the caller does. A call that fails cannot be completed by {@link #complete}, because the arrays have no address;
     * the caller does the rest of the work in another way. Make the handle a constant.
     *
     * @param chain one of {@link Sections#all()}, which only reads the arrays
     * @param segments the numbers of the arguments that are segments of the arrays
     * @return a handle with {@link MemorySegment} for these arguments and long for the others; null where the chain
     *     does not run as machine code
     */
    @Nullable MethodHandle arrays(Chain chain, int... segments);

    /**
     * Returns the function of a chain that adds to words which only such chains change. On the fallback it takes no
     * lock. Make it a constant.
     *
     * @param chain one of {@link Sections#all()}, which only loads words and adds to longs
     */
    MethodHandle additions(Chain chain);

    /**
     * Returns the function that reads the clock of the sections' timestamps: the processor's counter or, on the
     * fallback, {@link System#nanoTime()}. Its type is ()long. Make it a constant.
     *
     * @param isOrdered whether it waits for earlier instructions, which takes twice as long
     * @throws KernelException when there is no more executable memory
     */
    MethodHandle timestampHandle(boolean isOrdered);

    /** Tells whether the sections' timestamps read the processor's counter. */
    boolean readsCounter();

    /** Tells whether sections commit pairs of words ({@link io.github.rseq4j.ir.CommitAddPair}). */
    boolean storesPairs();

    /**
     * Returns the handle that reads an int of the calling carrier thread's area and sign-extends it. Its type is (long,
     * long)long: it takes the field's offset in bytes, and an argument that is ignored. It is null on the fallback.
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
     * Returns the number of aborts of a chain's sections, in all threads and since its function was made; 0 on the
     * fallback.
     *
     * @param chain one of {@link Sections#all()}, or one that was admitted
     * @throws KernelException when there is no more executable memory
     */
    long aborts(Chain chain);

    /**
     * Admits a chain that is not listed in {@link Sections}, for the life of the JVM. Equal chains count as one chain.
     * Two different chains may have the same name.
     *
     * @param proof the proof of the chain
     * @throws IllegalStateException when there are too many
     */
    void admit(SimulationProof proof);

    /**
     * Admits chains of another module of rseq4j without a proof, which would take seconds in each JVM. The tests of
     * that module simulate and abort them, as core's tests do with {@link Sections}. This package is exported to
     * modules of rseq4j alone, so all other chains need their proof.
     *
     * @param chains the chains
     * @throws IllegalStateException when there are too many
     */
    void admit(List<Chain> chains);

    /**
     * Runs the abort proof of a chain: the kernel aborts it at every instruction. The proof emits code of its own, and
     * shares its memory with all such proofs. The code stays mapped, so each call counts towards the limit of {@link
     * #admit}.
     *
     * @param chain the chain
     * @param seed decides the scenarios
     * @return the report of the proof
     * @throws IllegalStateException as {@link AbortProof#prove} does, or when too much was emitted, or the thread
     *     cannot be registered
     * @throws UnsupportedOperationException on the fallback, which has no instructions
     */
    AbortProof.Report proveAborts(Chain chain, long seed);

    /**
     * Finishes a call that returned a negative status for another reason than an exit: it tries again, or works step by
     * step on the copy of threads without an index. An exit is final and is returned unchanged; a caller with frequent
     * exits need not call this for them.
     *
     * @param chain the chain
     * @param status the status that the function returned
     * @param arguments the arguments it was called with
     * @return 0 or more, or the exit's status, or out of range when a length or a delay is beyond its bound
     */
    long complete(Chain chain, long status, long... arguments);

    /**
     * Does the same as {@link #complete(Chain, long, long...)} for a call with a segment.
     *
     * @param chain the chain
     * @param status the status that the function returned
     * @param segment the number of the argument that is a segment
     * @param data the segment
     * @param arguments all arguments; the one in the place of the segment is ignored
     * @return 0 or more, or the exit's status
     */
    long complete(Chain chain, long status, int segment, MemorySegment data, long... arguments);
}
