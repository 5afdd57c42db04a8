package io.github.rseq4j.proof;

import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.ir.Operand;
import io.github.rseq4j.ir.Section;
import io.github.rseq4j.ir.Status;
import io.github.rseq4j.kernel.Linux;
import io.github.rseq4j.kernel.Native;
import io.github.rseq4j.kernel.RawMemory;
import io.github.rseq4j.kernel.SystemCall;
import io.github.rseq4j.machine.Assembled;
import io.github.rseq4j.machine.CodeBuffer;
import io.github.rseq4j.machine.CodeMemory;
import io.github.rseq4j.machine.Compiler;
import io.github.rseq4j.machine.Label;
import io.github.rseq4j.machine.MachineCode;
import io.github.rseq4j.machine.Target;
import java.lang.invoke.MethodHandle;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Makes the kernel really abort a chain's sections at every instruction, one by one, and checks that the operation then
 * happens exactly once.
 */
public final class AbortProof {
    /* How it works
     *
     * A breakpoint replaces the first byte of an instruction inside the section. Whoever reaches it traps; the kernel
     * delivers SIGTRAP, and because a signal interrupts a section, it aborts the section first. The handler, emitted
     * code that makes raw system calls alone, makes the page writable, puts the instruction back, makes it executable
     * again and counts. The function goes on in its abort handler, restarts, and completes. The page is never writable
     * and executable at once (I5), and no other function lies in it.
     *
     * What must come out is told by the interpreter, see ProofRun.
     *
     * A chain that is aborted more often than it restarts returns how many sections have committed. Then what is left
     * of it is called, a function of its own, as the engine does it (Engine.complete).
     *
     * Refused: single-stepping by ptrace, where every stop aborts the section, so that it never completes.
     */
    private static final Object SIGNAL = new Object();
    /** How many made-up scenarios may pass until one reaches an instruction. */
    private static final int MAX_SCENARIOS = 1000;
    /** How often what is left of a chain is called again: an emulated machine aborts long sections all the time. */
    private static final int MAX_CALLS = 10_000;

    private final Compiler compiler;
    private final Target target;
    private final CodeMemory codeMemory;
    private final long area;
    private final long plain;

    /**
     * What was proven.
     *
     * @param chain the chain's name
     * @param boundaries how many instructions the sections have
     * @param aborts how often the kernel aborted one of them: once at each breakpoint, and by chance
     */
    public record Report(String chain, int boundaries, long aborts) {}

    /**
     * Makes a prover.
     *
     * @param compiler compiles for the host
     * @param target the host's
     * @param codeMemory where the functions are installed
     * @param area memory with a copy for each index, of which the proof may use the first half of each
     */
    public AbortProof(Compiler compiler, Target target, CodeMemory codeMemory, long area) {
        this.compiler = compiler;
        this.target = target;
        this.codeMemory = codeMemory;
        this.area = area;
        this.plain = area + (1L << target.strideShift() - 1);
    }

    /**
     * Aborts a chain's sections at every instruction.
     *
     * @param chain the chain
     * @param seed decides the scenarios
     * @return what was proven
     * @throws IllegalStateException telling instruction and seed, when an operation did not happen exactly once
     */
    public Report prove(Chain chain, long seed) {
        MachineCode code = install(chain);
        Trap trap = new Trap(code);
        @Nullable Rest[] rests = new @Nullable Rest[chain.sections().size()];
        rests[0] = new Rest(code, Native.critical(code.entry(), chain.arguments()));
        int boundaries = 0;
        synchronized (SIGNAL) {
            byte[] former = Linux.sigaction(Linux.SIGTRAP, trap.handler());
            try {
                for (MachineCode.Range range : code.ranges()) {
                    for (CodeBuffer.Placed insn : code.insns()) {
                        if (range.contains(insn.offset())) {
                            boundaries++;
                            abortAt(chain, trap, rests, insn, seed);
                        }
                    }
                }
            } finally {
                Linux.sigaction(Linux.SIGTRAP, former);
            }
        }
        return new Report(chain.name(), boundaries, RawMemory.getLong(code.dataAddress()));
    }

    private MachineCode install(Chain chain) {
        MachineCode code = codeMemory.install(List.of(compiler.compile(chain, target))).getFirst();
        long[] words = target.wordValues();
        for (int i = 0; i < words.length; i++) {
            RawMemory.putLong(code.dataAddress() + (long) (i + 1) * Long.BYTES, words[i]);
        }
        return code;
    }

    /** What is left of a chain whose first sections have committed: its code, and its function. */
    private record Rest(MachineCode code, MethodHandle function) {
        long aborts() {
            return RawMemory.getLong(code.dataAddress());
        }
    }

    private Rest rest(Chain chain, int from) {
        List<Section> left = chain.sections().subList(from, chain.sections().size());
        MachineCode code = install(new Chain(chain.name(), chain.arguments(), chain.restarts(), left, chain.index()));
        return new Rest(code, Native.critical(code.entry(), chain.arguments()));
    }

    /** Calls a chain, and what is left of it as long as it is aborted more often than it restarts, as engines do. */
    private long call(Chain chain, @Nullable Rest[] rests, ProofRun run, String where) {
        int committed = 0;
        for (int calls = 0; ; calls++) {
            Rest rest = rests[committed];
            if (rest == null) {
                rest = rest(chain, committed);
                rests[committed] = rest;
            }
            long before = rest.aborts();
            long status = run.call(rest.function());
            if (status >= 0) {
                return status;
            }
            long aborts = rest.aborts() - before;
            committed += Status.completed(status);
            if (Status.code(status) != Status.ABORTED) {
                return Status.failure(Status.code(status), committed);
            }
            require(aborts > chain.restarts(), where, "it gave up after aborts=" + aborts + ", restarts="
                    + chain.restarts());
            require(calls < MAX_CALLS, where, "aborted too often");
            run.requireCommitted(committed, where);
        }
    }

    private void abortAt(Chain chain, Trap trap, @Nullable Rest[] rests, CodeBuffer.Placed insn, long seed) {
        for (int i = 0; i < MAX_SCENARIOS; i++) {
            ProofRun run = new ProofRun(chain, target, area, plain, seed + i);
            String where = "chain=" + chain.name() + ", instruction \"" + insn.insn().text() + "\" at offset="
                    + insn.offset() + ", seed=" + (seed + i);
            trap.plant(insn);
            long status = call(chain, rests, run, where);
            boolean reached = trap.isReached();
            if (!reached) {
                trap.remove(insn);
            }
            run.requireOnce(status, where);
            if (reached) {
                return;
            }
        }
        throw new IllegalStateException("chain=" + chain.name() + ": no scenario reaches instruction \""
                + insn.insn().text() + "\" at offset=" + insn.offset() + ", seed=" + seed);
    }

    static void require(boolean holds, String where, String what) {
        if (!holds) {
            throw new IllegalStateException(where + ": " + what);
        }
    }

    /** The breakpoint in one function, and the handler that takes it out. */
    private final class Trap {
        private final MachineCode code;
        private final long handler;
        /** The words that the handler reads and writes: address, instruction, hits. */
        private final long words;
        private long abortsBefore;

        Trap(MachineCode code) {
            this.code = code;
            long[] pages = CodeMemory.pages(code);
            Label cell = new Label("cell");
            Label instruction = new Label("instruction");
            Label hits = new Label("hits");
            Assembled routine = compiler.routine("take_out", target, List.of(cell, instruction, hits), a -> {
                a.systemCall(SystemCall.MPROTECT, pages[0], pages[1], Linux.PROT_READ | Linux.PROT_WRITE);
                a.replaceInstruction(cell);
                a.systemCall(SystemCall.MPROTECT, pages[0], pages[1], Linux.PROT_READ | Linux.PROT_EXEC);
                a.increment(hits);
                a.leave(Operand.imm(0));
            });
            MachineCode placed = codeMemory.install(List.of(routine)).getFirst();
            this.handler = placed.entry();
            this.words = placed.dataAddress();
        }

        long handler() {
            return handler;
        }

        void plant(CodeBuffer.Placed insn) {
            byte[] breakpoint = compiler.lowering().breakpoint();
            byte[] bytes = Arrays.copyOf(Arrays.copyOf(insn.bytes(), breakpoint.length), Long.BYTES);
            RawMemory.putLong(words, code.base() + insn.offset());
            RawMemory.put(words + Long.BYTES, bytes);
            RawMemory.putLong(words + 2 * Long.BYTES, 0);
            abortsBefore = RawMemory.getLong(code.dataAddress());
            codeMemory.replace(code, insn.offset(), breakpoint);
        }

        void remove(CodeBuffer.Placed insn) {
            codeMemory.replace(code, insn.offset(), insn.bytes());
        }

        boolean isReached() {
            long hits = RawMemory.getLong(words + 2 * Long.BYTES);
            require(hits <= 1, code.name(), "the breakpoint was hit " + hits + " times");
            require(hits == 0 || RawMemory.getLong(code.dataAddress()) > abortsBefore, code.name(),
                    "a signal inside the section did not abort it");
            return hits == 1;
        }
    }
}
