package io.github.rseq4j.proof;

import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.ir.Operand;
import io.github.rseq4j.ir.Section;
import io.github.rseq4j.ir.Status;
import io.github.rseq4j.kernel.Linux;
import io.github.rseq4j.kernel.Native;
import io.github.rseq4j.kernel.RawMemory;
import io.github.rseq4j.kernel.Signals;
import io.github.rseq4j.kernel.SystemCall;
import io.github.rseq4j.machine.Assembled;
import io.github.rseq4j.machine.CodeBuffer;
import io.github.rseq4j.machine.CodeMemory;
import io.github.rseq4j.machine.Compiler;
import io.github.rseq4j.machine.Label;
import io.github.rseq4j.machine.MachineCode;
import io.github.rseq4j.machine.Target;
import java.lang.invoke.MethodHandle;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Makes the kernel really abort a chain's sections at every instruction, one by one, and checks that the operation then
 * happens exactly once.
 */
public final class AbortProof {
    /* How it works
     *
     * For each instruction inside a section:
     *   prover:  replaces the first byte of the instruction by a breakpoint; calls the function.
     *   thread:  reaches the breakpoint and traps.
     *   kernel:  delivers SIGTRAP. A signal interrupts the section, so the kernel aborts it first.
     *   handler: makes the page writable, restores the instruction, makes the page executable, counts. It is emitted
     *            code that makes only raw system calls.
     *   thread:  continues in the abort handler, restarts the section, and completes the function.
     * The page is never writable and executable at once (I5), and contains no other function.
     *
     * The interpreter computes the expected outcome, see ProofRun. Each instruction is aborted in a scenario whose
     * places are disjoint. Where places can overlap, it is also aborted in some scenarios in which they do: first those
     * in which the interpreter sees an abort, then those in which a section stores to a place that it has read.
     *
     * A chain that is aborted more often than it restarts returns the number of sections that have committed. Its other
     * sections are then called as a function of their own, as the engine does it (Engine.complete).
     *
     * Refused: single-stepping by ptrace, where every stop aborts the section, so that it never completes.
     */
    private static final Object SIGNAL = new Object();
    /** The most scenarios that are tried until one reaches an instruction. */
    private static final int MAX_SCENARIOS = 1000;
    /** The most calls for the sections that are left of a chain: an emulated machine aborts long sections often. */
    private static final int MAX_CALLS = 10_000;
    /** The number of scenarios that are kept with disjoint places, and of each kind with overlapping places. */
    private static final int KEPT = 8;
    /** The number of scenarios that are made up for each way in which places may overlap, within bounds. */
    private static final int EACH_OVERLAP = 8;
    private static final int MIN_OVERLAPS = 32;
    private static final int MAX_OVERLAPS = 256;
    /** The most calls in which the thread moves at a breakpoint, where that looks like a section that counts wrong. */
    private static final int MAX_MOVES = 10;
    /** The number of scenarios with overlapping places in which each instruction is aborted. */
    private static final int OVERLAPS = 2;

    private final Compiler compiler;
    private final Target target;
    private final CodeMemory codeMemory;
    private final long area;
    private final long plain;
    /** The index at which a chain has last committed, where the next call most probably runs. */
    private int index;

    /**
     * The extent of a proof.
     *
     * @param chain the chain's name
     * @param boundaries the number of instructions of the sections
     * @param aborts the number of aborts by the kernel: at each breakpoint, and by chance
     * @param overlapping the number of breakpoints that were reached by calls in which two places overlapped; 0 if no
     *     places can overlap
     * @param skipped the number of scenarios with overlapping places that were not called, because they lead out of the
     *     memory of the proof, or because the addresses that they access depend on the clock
     */
    public record Report(String chain, int boundaries, long aborts, int overlapping, int skipped) {}

    /**
     * Makes a prover.
     *
     * @param compiler the compiler for the host
     * @param target the host's target
     * @param codeMemory receives the functions
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
     * Aborts a chain's sections at every instruction. If an address depends on the clock, the function that is aborted
     * takes the time as an argument ({@link GivenTime}).
     *
     * @param chain the chain
     * @param seed decides the scenarios
     * @return the extent of the proof
     * @throws IllegalStateException with instruction and seed, when an operation did not happen exactly once, or an
     *     address leads out of the memory of the proof
     */
    public Report prove(Chain chain, long seed) {
        synchronized (SIGNAL) {
            Proof proof = new Proof(GivenTime.of(chain), seed);
            byte[] former = Signals.sigaction(Signals.SIGTRAP, proof.trap.handler());
            try {
                return proof.report();
            } finally {
                Signals.sigaction(Signals.SIGTRAP, former);
            }
        }
    }

    private MachineCode install(Chain chain) {
        MachineCode code = codeMemory.install(List.of(compiler.compile(chain, target))).getFirst();
        long[] words = target.wordValues();
        for (int i = 0; i < words.length; i++) {
            RawMemory.putLong(code.dataAddress() + (long) (i + 1) * Long.BYTES, words[i]);
        }
        return code;
    }

    /** The function of a chain's last sections, for calls whose first sections have committed. */
    private record Rest(MachineCode code, MethodHandle function) {
        long aborts() {
            return RawMemory.getLong(code.dataAddress());
        }
    }

    static void require(boolean holds, String where, String what) {
        if (!holds) {
            throw new IllegalStateException(where + ": " + what);
        }
    }

    /** The proof of one chain. */
    private final class Proof {
        private final Chain chain;
        private final long seed;
        private final MachineCode code;
        private final Trap trap;
        private final @Nullable Rest[] rests;
        private final Scenario apart;
        private final List<ProofRun> runs = new ArrayList<>();
        /**
         * Scenarios whose places overlap, by the index at which a call is expected to run. Three lists: an abort is
         * seen; a section stores to a place that it has read; others.
         */
        private final Map<Integer, List<List<ProofRun>>> overlapping = new HashMap<>();
        private int overlaps;
        private int skipped;

        Proof(Chain chain, long seed) {
            this.chain = chain;
            this.seed = seed;
            this.code = install(chain);
            this.trap = new Trap(code);
            this.rests = new @Nullable Rest[chain.sections().size()];
            rests[0] = new Rest(code, Native.critical(code.entry(), chain.arguments()));
            this.apart = new Scenario(chain, area, plain);
        }

        Report report() {
            int boundaries = 0;
            for (MachineCode.Range range : code.ranges()) {
                for (CodeBuffer.Placed insn : code.insns()) {
                    if (range.contains(insn.offset())) {
                        abortAt(insn);
                        abortOverlapping(insn, boundaries);
                        boundaries++;
                    }
                }
            }
            return new Report(chain.name(), boundaries, RawMemory.getLong(code.dataAddress()), overlaps, skipped);
        }

        private ProofRun run(Scenario scenario, long number) {
            return new ProofRun(chain, target, scenario, area, plain, seed + number);
        }

        private String where(ProofRun run) {
            return "chain=" + chain.name() + ", seed=" + run.seed() + (run.isOverlapping() ? ", places overlap" : "");
        }

        /** Makes up scenarios whose places overlap. Places without a slot then reach the copy of this index. */
        private List<List<ProofRun>> makeOverlapping(int at) {
            Scenario scenario = new Scenario(chain, area, plain).overlapping(1, (long) at << target.strideShift());
            List<List<ProofRun>> made = List.of(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
            int tries = scenario.overlaps() == 0 ? 0
                    : Math.clamp((long) EACH_OVERLAP * scenario.overlaps(), MIN_OVERLAPS, MAX_OVERLAPS);
            for (int i = 0; i < tries && made.getFirst().size() < KEPT; i++) {
                ProofRun run = run(scenario, i);
                if (!run.wayOut(at).isEmpty() || run.isByClock(at)) {
                    skipped++;
                    continue;
                }
                List<ProofRun> kind = made.get(!run.isStoredToWhatIsRead(at) ? 2
                        : run.isAbortSeen(at, where(run)) ? 0 : 1);
                if (kind.size() < KEPT) {
                    kind.add(run);
                }
            }
            return made;
        }

        /** Aborts an instruction in the first scenario that reaches it. */
        private void abortAt(CodeBuffer.Placed insn) {
            for (int i = 0; i < MAX_SCENARIOS; i++) {
                ProofRun run = i < runs.size() ? runs.get(i) : run(apart, i);
                String wayOut = run.wayOut(index);
                require(wayOut.isEmpty(), where(run), wayOut);
                if (i == runs.size() && i < KEPT) {
                    runs.add(run);
                }
                if (abortAt(insn, run)) {
                    return;
                }
            }
            throw new IllegalStateException("chain=" + chain.name() + ": no scenario reaches instruction \""
                    + insn.insn().text() + "\" at offset=" + insn.offset() + ", seed=" + seed);
        }

        /** Aborts an instruction in some scenarios whose places overlap; each instruction begins with another one. */
        private void abortOverlapping(CodeBuffer.Placed insn, int boundary) {
            int reached = 0;
            int at = -1;
            for (int moves = 0; at != index && moves < MAX_MOVES; moves++) {
                // A scenario that reaches another index's copy proves nothing. It starts again when the thread moves.
                at = index;
                reached = 0;
                for (List<ProofRun> kind : overlapping.computeIfAbsent(at, this::makeOverlapping)) {
                    for (int i = 0; i < kind.size() && reached < OVERLAPS && at == index; i++) {
                        reached += abortAt(insn, kind.get((boundary + i) % kind.size())) ? 1 : 0;
                    }
                }
            }
            overlaps += reached;
        }

        private boolean abortAt(CodeBuffer.Placed insn, ProofRun run) {
            String where = where(run) + ", instruction \"" + insn.insn().text() + "\" at offset=" + insn.offset();
            for (int moves = 0; ; moves++) {
                run.begin();
                trap.plant(insn);
                long status = call(run, where);
                boolean isReached = trap.isReached();
                if (!isReached) {
                    trap.remove(insn);
                }
                int found = run.indexOf(status, index);
                if (found >= 0) {
                    index = found;
                    return isReached;
                }
                require(run.reachesCopy() && moves < MAX_MOVES, where, run.differences(status));
            }
        }

        private Rest rest(int from) {
            List<Section> left = chain.sections().subList(from, chain.sections().size());
            MachineCode rest = install(new Chain(chain.name(), chain.arguments(), chain.restarts(), left,
                    chain.index()));
            return new Rest(rest, Native.critical(rest.entry(), chain.arguments()));
        }

        /** Calls the chain, and the rest of it while it is aborted more often than it restarts, as the engine does. */
        private long call(ProofRun run, String where) {
            int committed = 0;
            for (int calls = 0; ; calls++) {
                Rest rest = rests[committed];
                if (rest == null) {
                    rest = rest(committed);
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
    }

    /** The breakpoint in one function, and the handler that removes it. */
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
