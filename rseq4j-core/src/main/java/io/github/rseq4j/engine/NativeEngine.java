package io.github.rseq4j.engine;

import io.github.rseq4j.KernelException;
import io.github.rseq4j.interpreter.AddressSpace;
import io.github.rseq4j.interpreter.Arguments;
import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.ir.Index;
import io.github.rseq4j.kernel.Architecture;
import io.github.rseq4j.kernel.Cpus;
import io.github.rseq4j.kernel.Errno;
import io.github.rseq4j.kernel.Linux;
import io.github.rseq4j.kernel.Native;
import io.github.rseq4j.kernel.RawMemory;
import io.github.rseq4j.kernel.RseqArea;
import io.github.rseq4j.machine.Assembled;
import io.github.rseq4j.machine.CodeMemory;
import io.github.rseq4j.machine.Compiler;
import io.github.rseq4j.machine.MachineCode;
import io.github.rseq4j.machine.Target;
import io.github.rseq4j.proof.AbortProof;
import io.github.rseq4j.proof.SimulationProof;
import io.github.rseq4j.registration.Owner;
import io.github.rseq4j.registration.Provider;
import io.github.rseq4j.registration.Registration;
import io.github.rseq4j.sections.DelayLoadAddStore;
import io.github.rseq4j.sections.LoadAddStore;
import io.github.rseq4j.sections.Sections;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** Runs the sections as machine code under the kernel's protection. */
public final class NativeEngine implements Engine, Registration.ThreadPointer {
    private static final int PROTECTION = Linux.PROT_READ | Linux.PROT_WRITE;
    private static final int NO_FILE = -1;

    private final CodeMemory code;
    private final Compiler compiler;
    private final Target target;
    private final Admissions admissions = new Admissions();
    private final Functions functions;
    private final StepByStep stepByStep = new StepByStep(this);
    private final Completion completion = new Completion(this, stepByStep);
    private final Fences fences = new Fences();
    private final MethodHandle threadPointer;
    private final MethodHandle areaField;
    private final long firstRange;
    private final @Nullable Provider provider;
    private @Nullable AbortProofs proofs;
    private @Nullable MethodHandle timestamp;
    private boolean firstRangeTaken;
    private boolean isMemoryPrepared;
    private Registration registration;
    private SelfTest.Outcome selfTest = SelfTest.Outcome.NOT_RUN;

    private NativeEngine(Registration claim, @Nullable Provider provider) {
        this.provider = provider;
        this.compiler = new Compiler(Objects.requireNonNull(Architecture.host()));
        this.code = new CodeMemory(compiler);
        this.registration = claim;
        Index index = claim.featureBytes() >= RseqArea.MM_CID_FEATURE_BYTES ? Index.MM_CID : Index.CPU_ID;
        this.target = new Target(claim.offsetBytes(), index, Cpus.possible(), STRIDE_SHIFT);
        this.functions = new Functions(code, compiler, target, admissions);
        this.firstRange = map();
        List<Chain> chains = List.of(LoadAddStore.ONE, DelayLoadAddStore.CHAIN);
        List<Assembled> first = new ArrayList<>();
        first.add(compiler.threadPointer(target));
        first.add(compiler.areaField(target));
        for (Chain chain : chains) {
            first.add(compiler.compile(chain, target));
        }
        List<MachineCode> placed = code.install(first);
        // All take two arguments, whether they look at them or not: one shape, linked once.
        this.threadPointer = Native.critical(placed.get(0).entry(), 2);
        this.areaField = Native.critical(placed.get(1).entry(), 2);
        for (int i = 0; i < chains.size(); i++) {
            functions.keep(chains.get(i), placed.get(i + 2));
        }
    }

    /**
     * Finds the registration, proves it, tests that aborts happen; or returns the fallback with the reason.
     *
     * @param test the self-test, whose threads run already
     * @param libcAlone whether nobody but libc may own the registration
     * @param isCallerTaken tells whether the thread that the choice is made for has somebody else's area
     */
    static Engine open(SelfTest test, boolean libcAlone, BooleanSupplier isCallerTaken) {
        Registration claim = Registration.claimedByLibc();
        Provider provider = null;
        if (claim.owner() == Owner.NONE) {
            Registration refused = Registration.refusedByKernel();
            if (libcAlone || refused != null) {
                return new FallbackEngine(refused == null ? claim : refused, SelfTest.Outcome.NOT_RUN);
            }
            try {
                // What rseq4j_add() of rseq4j.h needs; each more takes a fresh JVM a millisecond.
                provider = Provider.get(isCallerTaken, List.of(LoadAddStore.ONE), STRIDE_SHIFT);
            } catch (Provider.RefusedException e) {
                return new FallbackEngine(Registration.none(String.valueOf(e.getMessage()), e.remedy()),
                        SelfTest.Outcome.NOT_RUN);
            }
            claim = Registration.claimedBy(provider);
            if (claim.owner() == Owner.NONE) {
                return new FallbackEngine(claim, SelfTest.Outcome.NOT_RUN);
            }
        }
        NativeEngine engine = new NativeEngine(claim, provider);
        test.run(engine);
        engine.registration = test.registration();
        engine.selfTest = test.outcome();
        return engine.registration.owner() == Owner.NONE
                ? new FallbackEngine(engine.registration, engine.selfTest) : engine;
    }

    /** Returns what the sections are emitted for. */
    public Target target() {
        return target;
    }

    /** Returns the compiler. */
    public Compiler compiler() {
        return compiler;
    }

    /** Runs the self-test once more, which changes nothing but what it returns. */
    public SelfTest.Outcome testAgain() {
        try (SelfTest test = new SelfTest()) {
            test.run(this);
            return test.outcome();
        }
    }

    /** Returns what has the kernel abort sections at every instruction. */
    public synchronized AbortProofs proofs() {
        AbortProofs made = proofs;
        if (made == null) {
            made = new AbortProofs(this, admissions);
            proofs = made;
        }
        return made;
    }

    /** Returns what runs chains where no section can run. */
    StepByStep stepByStep() {
        return stepByStep;
    }

    /** Returns the memory that the functions are installed in. */
    public CodeMemory code() {
        return code;
    }

    @Override
    public long threadPointer() {
        return call(threadPointer, 0);
    }

    /**
     * Returns the handle that reads a field of the calling carrier thread's area, sign-extended; of type
     * (long, long)long: the field's offset, and what is not looked at.
     */
    public MethodHandle areaFieldHandle() {
        return areaField;
    }

    @Override
    public boolean hasNodeAndMmCid() {
        return registration.featureBytes() >= RseqArea.MM_CID_FEATURE_BYTES;
    }

    private static long call(MethodHandle handle, long argument) {
        try {
            return (long) handle.invokeExact(argument, 0L);
        } catch (Throwable t) {
            throw Native.rethrown(t);
        }
    }

    @Override
    public synchronized MethodHandle timestampHandle() {
        MethodHandle handle = timestamp;
        if (handle == null) {
            long entry = code.install(List.of(compiler.timestamp())).getFirst().entry();
            // It takes none; a shape of two is linked already.
            handle = MethodHandles.insertArguments(Native.critical(entry, 2), 0, 0L, 0L);
            timestamp = handle;
        }
        return handle;
    }

    /** Reads what the sections' timestamps read. */
    long timestamp() {
        try {
            return (long) timestampHandle().invokeExact();
        } catch (Throwable t) {
            throw Native.rethrown(t);
        }
    }

    /** Tells whether threads are for us to register. */
    boolean registers() {
        return provider != null;
    }

    @Override
    public int join() {
        Provider own = provider;
        return own == null ? 0 : own.join();
    }

    /**
     * Returns the address of the function {@code int join()} that registers the calling thread, also in a signal's
     * handler, or 0 where that is not for us to do.
     */
    long joinAddress() {
        Provider own = provider;
        return own == null ? 0 : own.joinAddress();
    }

    /** Returns the calling carrier thread's CPU, or a negative number when it has no registration. */
    int cpuId() {
        return (int) call(areaField, RseqArea.CPU_ID);
    }

    @Override
    public int cpuIndex() {
        int cpu = cpuId();
        return cpu >= 0 && cpu < target.limit() ? cpu : target.limit();
    }

    @Override
    public int index() {
        int field = target.index() == Index.MM_CID ? RseqArea.MM_CID : RseqArea.CPU_ID;
        int index = cpuId() < 0 ? -1 : (int) call(areaField, field);
        return index >= 0 && index < target.limit() ? index : target.limit();
    }

    /** Returns the cell that the self-test works on: the first one of the first range, which is never handed out. */
    public long selfTestCell() {
        return firstRange;
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
        return RawMemory.residentBytes(address, lengthBytes);
    }

    @Override
    public boolean discard(long address, long lengthBytes) {
        return Linux.madvise(address, lengthBytes, Linux.MADV_DONTNEED) >= 0;
    }

    @Override
    public boolean renew(long address, long lengthBytes) {
        boolean isNew = Linux.mmap_fixed(address, lengthBytes, PROTECTION, NO_FILE) == address;
        Linux.madvise(address, lengthBytes, Linux.MADV_NOHUGEPAGE);
        return isNew;
    }

    @Override
    public boolean worksOn(long range) {
        return range == firstRange;
    }

    @Override
    public AddressSpace memory() {
        if (!isMemoryPrepared) {
            RawMemory.prepare();
            isMemoryPrepared = true;
        }
        return AddressSpace.RAW;
    }

    @Override
    public synchronized long reserve() {
        if (!firstRangeTaken) {
            firstRangeTaken = true;
            return firstRange;
        }
        return map();
    }

    @Override
    public long reserve(long lengthBytes) {
        return Errno.check("mmap(length=" + lengthBytes + ")",
                Linux.mmap(lengthBytes, PROTECTION));
    }

    /** Reserves address space for a range of cells, of which nothing was handed out. */
    long map() {
        long bytes = (long) copies() << STRIDE_SHIFT;
        long range = reserve(bytes);
        // Cells are small and spread a stride apart: a huge page for each would be all waste. A refusal changes
        // nothing.
        Linux.madvise(range, bytes, Linux.MADV_NOHUGEPAGE);
        return range;
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
     * Fences without membarrier(2), which is what {@link #fence()} does where that is refused: a thread goes to each
     * CPU.
     *
     * @throws KernelException when the kernel refuses that as well
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
            // No more executable memory: slower, and as exact.
            return stepByStep.handle(chain, Arguments.NONE);
        }
        return Native.critical(function.entry(), chain.arguments());
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

    /**
     * Returns a section as a C function, which any thread and any signal handler may call; where the thread is not
     * registered it says so.
     *
     * @param chain one of {@link Sections#all()}, or one that was admitted
     * @return its address
     * @throws KernelException when there is no more executable memory
     */
    public long entry(Chain chain) {
        return functions.of(chain).entry();
    }

    /**
     * Returns how often the sections of a chain were aborted, in all threads and since it was first asked for.
     *
     * @param chain one of {@link Sections#all()}, or one that was admitted
     * @throws KernelException when there is no more executable memory
     */
    public long aborts(Chain chain) {
        return RawMemory.getLong(functions.of(chain).dataAddress());
    }

    @Override
    public void admit(SimulationProof proof) {
        admissions.admit(proof.chain());
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
