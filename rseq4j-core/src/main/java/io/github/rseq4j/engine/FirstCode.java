package io.github.rseq4j.engine;

import io.github.rseq4j.ir.Index;
import io.github.rseq4j.kernel.Architecture;
import io.github.rseq4j.kernel.Cpus;
import io.github.rseq4j.kernel.Native;
import io.github.rseq4j.kernel.RseqArea;
import io.github.rseq4j.machine.Assembled;
import io.github.rseq4j.machine.CodeMemory;
import io.github.rseq4j.machine.Compiler;
import io.github.rseq4j.machine.MachineCode;
import io.github.rseq4j.machine.Target;
import io.github.rseq4j.registration.Claim;
import io.github.rseq4j.registration.Registration;
import io.github.rseq4j.sections.DelayLoadAddStore;
import io.github.rseq4j.sections.LoadAddStore;
import java.lang.invoke.MethodHandle;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * The code and the memory that exist before the engine. They suffice to prove the claim of a registration and to run
 * the self-test. {@link NativeEngine} then uses them.
 */
final class FirstCode {
    /**
     * The self-test's section has a word of 8 bytes for each index, beside one another: the words are read twice, and a
     * stride would cost each JVM a page for each possible CPU.
     */
    static final int SELF_TEST_STRIDE_SHIFT = 3;
    /** An address for linking; no function is there. */
    private static final long NOWHERE = 1;

    private final Claim claim;
    private final Compiler compiler = new Compiler(Objects.requireNonNull(Architecture.host()));
    private final CodeMemory code = new CodeMemory(compiler);
    private final Target target;
    private final Admissions admissions = new Admissions();
    private final Functions functions;
    private final NativeMemory memory;
    private final ThreadArea area;
    private final MachineCode delayed;
    private final long words;

    /**
     * Emits the functions that a program's first update needs, in one mapping.
     *
     * @param claim the claim, with an owner; its offset locates the threads' areas
     */
    FirstCode(Claim claim) {
        Registration registration = claim.registration();
        Index index = registration.featureBytes() >= RseqArea.MM_CID_FEATURE_BYTES ? Index.MM_CID : Index.CPU_ID;
        this.claim = claim;
        this.target = new Target(registration.offsetBytes(), index, Cpus.possible(), Engine.STRIDE_SHIFT);
        this.functions = new Functions(code, compiler, target, admissions);
        this.memory = new NativeMemory(target.limit() + 1);
        List<MachineCode> placed = code.install(compiled(compiler, target));
        this.area = new ThreadArea(target, placed.get(0).entry(), placed.get(1).entry());
        functions.keep(LoadAddStore.ONE, placed.get(2));
        this.delayed = placed.get(3);
        this.words = memory.reserve((long) (target.limit() + 1) << SELF_TEST_STRIDE_SHIFT);
    }

    private static List<Assembled> compiled(Compiler compiler, Target target) {
        List<Assembled> first = new ArrayList<>();
        first.add(compiler.threadPointer(target));
        first.add(compiler.areaField(target));
        first.add(compiler.compile(LoadAddStore.ONE, target));
        first.add(compiler.compile(DelayLoadAddStore.CHAIN, new Target(target.rseqOffsetBytes(), target.index(),
                target.limit(), SELF_TEST_STRIDE_SHIFT)));
        return first;
    }

    /**
     * Compiles and checks the functions for an example of a target, and keeps nothing of it. It loads the classes of
     * the compiler and the checker, and makes no native call.
     */
    static void rehearse() {
        for (Assembled each : compiled(new Compiler(Objects.requireNonNull(Architecture.host())), Target.NOMINAL)) {
            each.checked(0, 0);
        }
    }

    /** Links the shape that all calls of the first functions share, at an address that is not called. */
    static void linkShape() {
        MethodHandle _ = Native.critical(NOWHERE, ThreadArea.ARGUMENTS);
    }

    /** Returns the claim for which the code was emitted. */
    Claim claim() {
        return claim;
    }

    /** Returns the compiler. */
    Compiler compiler() {
        return compiler;
    }

    /** Returns the memory in which functions are installed. */
    CodeMemory code() {
        return code;
    }

    /** Returns the target for which sections are emitted. */
    Target target() {
        return target;
    }

    /** Returns the chains that were admitted. */
    Admissions admissions() {
        return admissions;
    }

    /** Returns the functions of chains. */
    Functions functions() {
        return functions;
    }

    /** Returns the memory of cells. */
    NativeMemory memory() {
        return memory;
    }

    /** Returns the reader of the calling thread's area. */
    ThreadArea area() {
        return area;
    }

    /** Links the self-test's section, which waits before its commit and is not restarted. */
    MethodHandle selfTestSection() {
        return Native.critical(delayed.entry(), DelayLoadAddStore.CHAIN.arguments());
    }

    /** Returns the address of the word to which that section adds at index 0. */
    long selfTestWords() {
        return words;
    }
}
