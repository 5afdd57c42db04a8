package io.github.rseq4j.engine;

import io.github.rseq4j.ir.Chain;
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
    private final Claim claim;
    private final Compiler compiler = new Compiler(Objects.requireNonNull(Architecture.host()));
    private final CodeMemory code = new CodeMemory(compiler);
    private final Target target;
    private final Admissions admissions = new Admissions();
    private final Functions functions;
    private final NativeMemory memory;
    private final ThreadArea area;

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
        List<Chain> chains = List.of(LoadAddStore.ONE, DelayLoadAddStore.CHAIN);
        List<Assembled> first = new ArrayList<>();
        first.add(compiler.threadPointer(target));
        first.add(compiler.areaField(target));
        for (Chain chain : chains) {
            first.add(compiler.compile(chain, target));
        }
        List<MachineCode> placed = code.install(first);
        this.area = new ThreadArea(target, placed.get(0).entry(), placed.get(1).entry());
        for (int i = 0; i < chains.size(); i++) {
            functions.keep(chains.get(i), placed.get(i + 2));
        }
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
        Chain chain = DelayLoadAddStore.CHAIN;
        return Native.critical(functions.of(chain).entry(), chain.arguments());
    }
}
