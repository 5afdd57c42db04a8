package io.github.rseq4j.engine;

import io.github.rseq4j.interpreter.Fallback;
import io.github.rseq4j.interpreter.PagedMemory;
import io.github.rseq4j.interpreter.StripeLock;
import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.ir.Index;
import io.github.rseq4j.ir.Status;
import io.github.rseq4j.kernel.Native;
import io.github.rseq4j.proof.AbortProof;
import io.github.rseq4j.proof.SimulationProof;
import io.github.rseq4j.registration.Registration;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** Runs sections as bytecode under a lock for each stripe: exact on every system, and slower. */
public final class FallbackEngine implements Engine {
    /**
     * As many stripes for each processor: two threads that run at the same time and share a stripe take twice the time
     * of an addition, and more under a lock.
     */
    private static final int STRIPES_PER_PROCESSOR = 2;

    private final Fallback fallback =
            new Fallback(STRIPES_PER_PROCESSOR * Runtime.getRuntime().availableProcessors(), STRIDE_SHIFT);
    private final Admissions admissions = new Admissions();
    private final Map<Chain, MethodHandle> handles = new ConcurrentHashMap<>();
    private final Map<WithSegment, MethodHandle> segmentHandles = new ConcurrentHashMap<>();
    private final Registration registration;
    private final SelfTest.Outcome selfTest;

    /** A chain, and the number of its argument that is a segment. */
    private record WithSegment(Chain chain, int segment) {}

    FallbackEngine(Registration registration, SelfTest.Outcome selfTest) {
        this.registration = registration;
        this.selfTest = selfTest;
    }

    @Override
    public String name() {
        return "locked stripes";
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
        return "stripe";
    }

    @Override
    public int copies() {
        return fallback.stripes();
    }

    @Override
    public int limit() {
        return fallback.stripes();
    }

    @Override
    public Index sectionIndex() {
        return Index.MM_CID;
    }

    @Override
    public boolean hasNodeAndMmCid() {
        return false;
    }

    @Override
    public int join() {
        return 0;
    }

    @Override
    public long pageBytes() {
        return PagedMemory.PAGE_BYTES;
    }

    @Override
    public boolean hasKernelPages() {
        return false;
    }

    @Override
    public long populatedBytes(long address, long lengthBytes) {
        return memory().populatedBytes(address, lengthBytes);
    }

    @Override
    public boolean discard(long address, long lengthBytes) {
        memory().clear(address, lengthBytes);
        return true;
    }

    @Override
    public boolean renew(long address, long lengthBytes) {
        return discard(address, lengthBytes);
    }

    @Override
    public AbortProof.Report proveAborts(Chain chain, long seed) {
        throw new UnsupportedOperationException("section=" + chain.name()
                + ": aborts cannot be proven on the fallback: " + registration.reason() + "; " + registration.remedy());
    }

    @Override
    public PagedMemory memory() {
        return fallback.memory();
    }

    /**
     * Returns the lock under which sections of a stripe run.
     *
     * @param index the stripe
     */
    public StripeLock lock(int index) {
        return fallback.lock(index);
    }

    @Override
    public long reserve() {
        return reserve((long) copies() << STRIDE_SHIFT);
    }

    @Override
    public long reserve(long lengthBytes) {
        return fallback.memory().reserve(lengthBytes);
    }

    @Override
    public int cpuIndex() {
        return fallback.index();
    }

    @Override
    public int index() {
        return fallback.index();
    }

    @Override
    public void fence() {
        fallback.fence();
    }

    @Override
    public void requireFence() {
        // Locks are never refused.
    }

    @Override
    public void fence(int cpu) {
        fallback.fence();
    }

    @Override
    public MethodHandle timestampHandle(boolean isOrdered) {
        try {
            return MethodHandles.lookup().findStatic(System.class, "nanoTime", MethodType.methodType(long.class));
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public boolean readsCounter() {
        return false;
    }

    @Override
    public boolean storesPairs() {
        return true;
    }

    @Override
    public @Nullable MethodHandle areaFieldHandle() {
        return null;
    }

    @Override
    public void emit(List<Chain> chains) {
        // Bytecode needs no executable memory from the kernel.
    }

    @Override
    public long aborts(Chain chain) {
        return 0;
    }

    @Override
    public MethodHandle handle(Chain chain) {
        return handles.computeIfAbsent(chain, fallback::handle);
    }

    @Override
    public MethodHandle additions(Chain chain) {
        return fallback.additions(chain);
    }

    @Override
    public MethodHandle handle(Chain chain, int segment) {
        return segmentHandles.computeIfAbsent(new WithSegment(chain, segment),
                each -> fallback.handle(each.chain, each.segment));
    }

    @Override
    public @Nullable MethodHandle arrays(Chain chain, int... segments) {
        return null;
    }

    @Override
    public long complete(Chain chain, long status, int segment, MemorySegment data, long... arguments) {
        if (status == UNLINKED) {
            List<Object> given = new ArrayList<>(Arrays.stream(arguments).boxed().toList());
            given.set(segment, data);
            return call(handle(chain, segment), given);
        }
        return complete(chain, status, arguments);
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
    public long complete(Chain chain, long status, long... arguments) {
        if (status == UNLINKED) {
            return call(handle(chain), Arrays.stream(arguments).boxed().toList());
        }
        int code = Status.code(status);
        if (code >= Status.EXIT || code == Status.OUT_OF_RANGE) {
            return status;
        }
        throw new IllegalStateException("chain=" + chain.name() + ", status=" + Status.describe(status)
                + ": the fallback has no such status");
    }

    private static long call(MethodHandle function, List<?> arguments) {
        try {
            return (long) function.invokeWithArguments(arguments);
        } catch (Throwable t) {
            throw Native.rethrown(t);
        }
    }
}
