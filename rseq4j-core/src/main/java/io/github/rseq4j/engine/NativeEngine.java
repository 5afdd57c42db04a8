package io.github.rseq4j.engine;

import io.github.rseq4j.KernelException;
import io.github.rseq4j.interpreter.AddressSpace;
import io.github.rseq4j.interpreter.Arguments;
import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.ir.Index;
import io.github.rseq4j.kernel.Architecture;
import io.github.rseq4j.kernel.Linux;
import io.github.rseq4j.kernel.Native;
import io.github.rseq4j.kernel.RawMemory;
import io.github.rseq4j.kernel.RseqArea;
import io.github.rseq4j.machine.CodeMemory;
import io.github.rseq4j.machine.Compiler;
import io.github.rseq4j.machine.MachineCode;
import io.github.rseq4j.machine.Target;
import io.github.rseq4j.proof.AbortProof;
import io.github.rseq4j.proof.SimulationProof;
import io.github.rseq4j.registration.Claim;
import io.github.rseq4j.registration.Owner;
import io.github.rseq4j.registration.Registration;
import io.github.rseq4j.sections.LoadAddStore;
import io.github.rseq4j.sections.Sections;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.util.List;
import java.util.Objects;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** Runs sections as machine code that the kernel aborts when it disturbs them. */
public final class NativeEngine implements Engine, Registration.ThreadPointer {
    private final FirstCode first;
    private final CodeMemory code;
    private final Compiler compiler;
    private final Target target;
    private final Admissions admissions;
    private final Functions functions;
    private final NativeMemory memory;
    private final Registration registration;
    private final SelfTest.Outcome selfTest;
    private final StepByStep stepByStep = new StepByStep(this);
    private final Completion completion = new Completion(this, stepByStep);
    private final Fences fences = new Fences();
    private @Nullable AbortProofs proofs;
    private @Nullable MethodHandle timestamp;
    private @Nullable MethodHandle unorderedTimestamp;

    private NativeEngine(FirstCode first, Registration proven, SelfTest.Outcome selfTest) {
        this.first = first;
        this.code = first.code();
        this.compiler = first.compiler();
        this.target = first.target();
        this.admissions = first.admissions();
        this.functions = first.functions();
        this.memory = first.memory();
        this.registration = proven;
        this.selfTest = selfTest;
    }

    /**
     * Finds the registration, proves it and tests that sections are aborted.
     *
     * @param test the self-test, whose threads have been started
     * @param libcAlone whether libc alone may own the registration
     * @param isCallerTaken tells whether the thread that waits for the engine has an area of an unknown owner
     * @return an engine of machine code, or the fallback with the reason
     */
    static Engine open(SelfTest test, boolean libcAlone, BooleanSupplier isCallerTaken) {
        // The image gets only the section of rseq4j_add() in rseq4j.h: each further one would cost a fresh JVM a
        // millisecond.
        Claim claim = Claim.find(libcAlone, isCallerTaken, List.of(LoadAddStore.ONE), STRIDE_SHIFT);
        if (claim.registration().owner() == Owner.NONE) {
            return new FallbackEngine(claim.registration(), SelfTest.Outcome.NOT_RUN);
        }
        FirstCode first = new FirstCode(claim);
        Registration proven = claim.proven(first.area());
        if (proven.owner() == Owner.NONE) {
            return new FallbackEngine(proven, SelfTest.Outcome.NOT_RUN);
        }
        SelfTest.Verdict verdict = test.run(first);
        return verdict.isPassed() ? new NativeEngine(first, proven, verdict.outcome())
                : new FallbackEngine(Registration.none(verdict.failure(), verdict.remedy()), verdict.outcome());
    }

    /** Returns the target for which sections are emitted. */
    public Target target() {
        return target;
    }

    /** Returns the compiler. */
    public Compiler compiler() {
        return compiler;
    }

    /** Runs the self-test once more. The outcome is only returned: it does not change the engine. */
    public SelfTest.Outcome testAgain() {
        try (SelfTest test = new SelfTest()) {
            return test.run(first).outcome();
        }
    }

    /** Returns the maker of provers, which have the kernel abort sections at every instruction. */
    public synchronized AbortProofs proofs() {
        AbortProofs made = proofs;
        if (made == null) {
            made = new AbortProofs(this, admissions);
            proofs = made;
        }
        return made;
    }

    /** Returns the interpreter of chains for threads that cannot run sections. */
    StepByStep stepByStep() {
        return stepByStep;
    }

    /** Returns the memory in which functions are installed. */
    public CodeMemory code() {
        return code;
    }

    @Override
    public long threadPointer() {
        return first.area().threadPointer();
    }

    @Override
    public MethodHandle areaFieldHandle() {
        return first.area().fieldHandle();
    }

    @Override
    public boolean hasNodeAndMmCid() {
        return registration.featureBytes() >= RseqArea.MM_CID_FEATURE_BYTES;
    }

    @Override
    public synchronized MethodHandle timestampHandle(boolean isOrdered) {
        MethodHandle handle = isOrdered ? timestamp : unorderedTimestamp;
        if (handle == null) {
            long entry = code.install(List.of(compiler.timestamp(isOrdered))).getFirst().entry();
            // The function takes no argument, but the shape with two is linked already.
            handle = MethodHandles.insertArguments(Native.critical(entry, 2), 0, 0L, 0L);
            if (isOrdered) {
                timestamp = handle;
            } else {
                unorderedTimestamp = handle;
            }
        }
        return handle;
    }

    /** Reads the clock of the sections' timestamps. */
    long timestamp() {
        try {
            return (long) timestampHandle(true).invokeExact();
        } catch (Throwable t) {
            throw Native.rethrown(t);
        }
    }

    /** Tells whether rseq4j registers threads; otherwise libc has registered all of them. */
    boolean registers() {
        return first.claim().registers();
    }

    @Override
    public int join() {
        return first.claim().join();
    }

    /**
     * Returns the address of the function {@code int join()} that registers the calling thread, or 0 where rseq4j does
     * not register threads. A signal handler may call the function.
     */
    public long joinAddress() {
        return first.claim().joinAddress();
    }

    /** Returns the calling carrier thread's CPU, or a negative number when it has no registration. */
    int cpuId() {
        return first.area().cpuId();
    }

    @Override
    public int cpuIndex() {
        return first.area().cpuIndex();
    }

    @Override
    public int index() {
        return first.area().index();
    }

    @Override
    public String name() {
        return "restartable sequences";
    }

    @Override
    public Registration registration() {
        return registration;
    }

    @Override
    public SelfTest.Outcome selfTest() {
        return selfTest;
    }

    @Override
    public String indexName() {
        return target.index().spelling();
    }

    @Override
    public int copies() {
        return target.limit() + 1;
    }

    @Override
    public int limit() {
        return target.limit();
    }

    @Override
    public Index sectionIndex() {
        return target.index();
    }

    @Override
    public long pageBytes() {
        return Linux.getauxval(Linux.AT_PAGESZ);
    }

    @Override
    public boolean hasKernelPages() {
        return true;
    }

    @Override
    public long populatedBytes(long address, long lengthBytes) {
        return memory.populatedBytes(address, lengthBytes);
    }

    @Override
    public boolean discard(long address, long lengthBytes) {
        return memory.discard(address, lengthBytes);
    }

    @Override
    public boolean renew(long address, long lengthBytes) {
        return memory.renew(address, lengthBytes);
    }

    @Override
    public AddressSpace memory() {
        return memory.space();
    }

    @Override
    public long reserve() {
        return memory.reserve();
    }

    @Override
    public long reserve(long lengthBytes) {
        return memory.reserve(lengthBytes);
    }

    /** Reserves address space for a range of cells that no other caller gets. */
    long map() {
        return memory.map();
    }

    @Override
    public void fence() {
        fences.fence();
        stepByStep.await();
    }

    @Override
    public void requireFence() {
        fences.require();
    }

    @Override
    public void fence(int cpu) {
        fences.fence(cpu);
        stepByStep.await();
    }

    /**
     * Fences without membarrier(2): a thread visits each CPU. {@link #fence()} does the same where membarrier(2) is
     * refused.
     *
     * @throws KernelException when the kernel refuses the visit
     */
    public void fenceByWalking() {
        Fences.walk(Fences.ALL);
        stepByStep.await();
    }

    @Override
    public MethodHandle handle(Chain chain) {
        MachineCode function;
        try {
            function = functions.of(chain);
        } catch (KernelException e) {
            // Without executable memory the chain runs step by step: slower, and as exact.
            return stepByStep.handle(chain, Arguments.NONE);
        }
        return Native.critical(function.entry(), chain.arguments());
    }

    @Override
    public MethodHandle additions(Chain chain) {
        return handle(chain);
    }

    @Override
    public MethodHandle handle(Chain chain, int segment) {
        Arguments.checkSegment(chain, segment);
        MachineCode function;
        try {
            function = functions.of(chain);
        } catch (KernelException e) {
            return stepByStep.handle(chain, segment);
        }
        return Native.critical(function.entry(), chain.arguments(), segment);
    }

    @Override
    public @Nullable MethodHandle arrays(Chain chain, int... segments) {
        try {
            return Native.critical(functions.of(chain).entry(), chain.arguments(), segments);
        } catch (KernelException e) {
            return null;
        }
    }

    /**
     * Returns a chain as a C function, which any thread and any signal handler may call. On an unregistered thread the
     * function returns that status.
     *
     * @param chain one of {@link Sections#all()}, or one that was admitted
     * @return its address
     * @throws KernelException when there is no more executable memory
     */
    public long entry(Chain chain) {
        return functions.of(chain).entry();
    }

    @Override
    public void emit(List<Chain> chains) {
        for (Chain chain : chains) {
            functions.of(chain);
        }
    }

    @Override
    public boolean readsCounter() {
        return true;
    }

    @Override
    public boolean storesPairs() {
        return Objects.requireNonNull(Architecture.host()).storesPairs(Linux.getauxval(Linux.AT_HWCAP));
    }

    @Override
    public long aborts(Chain chain) {
        return RawMemory.getLong(functions.of(chain).dataAddress());
    }

    @Override
    public void admit(SimulationProof proof) {
        admissions.admit(proof.chain());
    }

    @Override
    public void admit(List<Chain> chains) {
        admissions.admit(chains);
    }

    @Override
    public AbortProof.Report proveAborts(Chain chain, long seed) {
        return proofs().prove(chain, seed);
    }

    @Override
    public long complete(Chain chain, long status, long... arguments) {
        return completion.complete(chain, status, Arguments.of(arguments));
    }

    @Override
    public long complete(Chain chain, long status, int segment, MemorySegment data, long... arguments) {
        return completion.complete(chain, status, Arguments.of(segment, data, arguments));
    }
}
