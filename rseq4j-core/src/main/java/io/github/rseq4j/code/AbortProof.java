package io.github.rseq4j.code;

import io.github.rseq4j.kernel.Architecture;
import io.github.rseq4j.kernel.Linux;
import io.github.rseq4j.kernel.Native;
import io.github.rseq4j.kernel.RawMemory;
import java.lang.invoke.MethodHandle;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

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
     * What must come out is told by the simulator, see ProofRun.
     *
     * Refused: single-stepping by ptrace, where every stop aborts the section, so that it never completes.
     */
    private static final Object SIGNAL = new Object();
    /** How many made-up scenarios may pass until one reaches an instruction. */
    private static final int MAX_SCENARIOS = 1000;
    /** How often a chain without restarts is called again: an emulated machine aborts long sections all the time. */
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
        MachineCode code = codeMemory.install(List.of(compiler.compile(chain, target))).getFirst();
        long[] words = target.wordValues();
        for (int i = 0; i < words.length; i++) {
            RawMemory.putLong(code.dataAddress() + (long) (i + 1) * Long.BYTES, words[i]);
        }
        Trap trap = new Trap(code);
        MethodHandle function = Native.critical(code.entry(), chain.arguments());
        int boundaries = 0;
        synchronized (SIGNAL) {
            byte[] former = Linux.sigaction(Linux.SIGTRAP, trap.handler());
            try {
                for (MachineCode.Range range : code.ranges()) {
                    for (CodeBuffer.Placed insn : code.insns()) {
                        if (range.contains(insn.offset())) {
                            boundaries++;
                            abortAt(chain, trap, function, insn, seed);
                        }
                    }
                }
            } finally {
                Linux.sigaction(Linux.SIGTRAP, former);
            }
        }
        return new Report(chain.name(), boundaries, RawMemory.getLong(code.dataAddress()));
    }

    private void abortAt(Chain chain, Trap trap, MethodHandle function, CodeBuffer.Placed insn, long seed) {
        for (int i = 0; i < MAX_SCENARIOS; i++) {
            ProofRun run = new ProofRun(chain, target, area, plain, seed + i);
            String where = "chain=" + chain.name() + ", instruction \"" + insn.insn().text() + "\" at offset="
                    + insn.offset() + ", seed=" + (seed + i);
            trap.plant(insn);
            long status = run.call(function);
            for (int again = 0; status < 0 && Status.code(status) == Status.ABORTED && again < MAX_CALLS; again++) {
                // A chain without restarts tells of each abort, the breakpoint's or one by chance, and has done
                // nothing.
                require(chain.restarts() == 0, where, "aborted too often");
                run.requireNothing(where);
                status = run.call(function);
            }
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
            Architecture.Numbers numbers = Objects.requireNonNull(Architecture.host()).numbers();
            Label cell = new Label("cell");
            Label instruction = new Label("instruction");
            Label hits = new Label("hits");
            Assembled routine = compiler.routine("take_out", target, List.of(cell, instruction, hits), a -> {
                a.systemCall(numbers.mprotect(), pages[0], pages[1], Linux.PROT_READ | Linux.PROT_WRITE);
                a.replaceInstruction(cell);
                a.systemCall(numbers.mprotect(), pages[0], pages[1], Linux.PROT_READ | Linux.PROT_EXEC);
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
