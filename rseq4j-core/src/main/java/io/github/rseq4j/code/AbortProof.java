package io.github.rseq4j.code;

import io.github.rseq4j.kernel.Architecture;
import io.github.rseq4j.kernel.Linux;
import io.github.rseq4j.kernel.Native;
import io.github.rseq4j.kernel.RawMemory;
import java.lang.invoke.MethodHandle;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;

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
     * What must come out is told by the Simulator: before the call it runs the chain at every index on an overlay of
     * the real memory. Afterwards the memory must look as one of the indices would leave it, and at all others nothing
     * that a commit writes may have changed. What differs between two simulated clocks holds a timestamp, and is only
     * required to have been written.
     *
     * Refused: single-stepping by ptrace, where every stop aborts the section, so that it never completes.
     */
    private static final Object SIGNAL = new Object();
    /** How many made-up scenarios may pass until one reaches an instruction. */
    private static final int MAX_SCENARIOS = 1000;
    private static final long CLOCK_A = 0x1111_1111_1111_1111L;
    private static final long CLOCK_B = 0x2222_2222_2222_2222L;

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
            Run run = new Run(chain, seed + i);
            String where = "chain=" + chain.name() + ", instruction \"" + insn.insn().text() + "\" at offset="
                    + insn.offset() + ", seed=" + (seed + i);
            trap.plant(insn);
            long status = run.call(function);
            boolean reached = trap.isReached();
            if (!reached) {
                trap.remove(insn);
            } else if (Status.code(status) == Status.ABORTED && status < 0) {
                // A chain without restarts tells of the abort, and has done nothing.
                require(chain.restarts() == 0, where, "aborted too often");
                run.requireNothing(where);
                status = run.call(function);
            }
            run.requireOnce(status, where);
            if (reached) {
                return;
            }
        }
        throw new IllegalStateException("chain=" + chain.name() + ": no scenario reaches instruction \""
                + insn.insn().text() + "\" at offset=" + insn.offset() + ", seed=" + seed);
    }

    private static void require(boolean holds, String where, String what) {
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
            CodeMemory.replace(code, insn.offset(), breakpoint);
        }

        void remove(CodeBuffer.Placed insn) {
            CodeMemory.replace(code, insn.offset(), insn.bytes());
        }

        boolean isReached() {
            long hits = RawMemory.getLong(words + 2 * Long.BYTES);
            require(hits <= 1, code.name(), "the breakpoint was hit " + hits + " times");
            require(hits == 0 || RawMemory.getLong(code.dataAddress()) > abortsBefore, code.name(),
                    "a signal inside the section did not abort it");
            return hits == 1;
        }
    }

    /** One scenario: memory and arguments, and what the simulator says must come of them. */
    private final class Run {
        private final Chain chain;
        private final long[] arguments;
        private final Outcome[] expected = new Outcome[target.limit()];
        private final Set<Long> timestamps = new HashSet<>();

        Run(Chain chain, long seed) {
            this.chain = chain;
            Scenario scenario = new Scenario(chain, area, plain);
            if (scenario.windowBytes() > 1 << target.strideShift() - 1) {
                throw new IllegalArgumentException("chain=" + chain.name() + " touches windowBytes="
                        + scenario.windowBytes() + ", more than half a stride");
            }
            this.arguments = scenario.arguments(new SplittableRandom(seed));
            scenario.fill(AddressSpace.RAW, plain, new SplittableRandom(seed + 1));
            for (int index = 0; index < expected.length; index++) {
                long slot = (long) index << target.strideShift();
                scenario.fill(AddressSpace.RAW, area + slot, new SplittableRandom(seed + 2));
                scenario.fillSmall(AddressSpace.RAW, slot, arguments, new SplittableRandom(seed + 3));
            }
            for (int index = 0; index < expected.length; index++) {
                expected[index] = simulate(index, CLOCK_A);
                Outcome other = simulate(index, CLOCK_B);
                expected[index].overlay.forEach((address, value) -> {
                    if (!value.equals(other.overlay.get(address))) {
                        timestamps.add(address);
                    }
                });
            }
        }

        private Outcome simulate(int index, long clock) {
            Outcome outcome = new Outcome();
            outcome.status = new Simulator(outcome, target.strideShift(), () -> clock).run(chain, 0, arguments, index,
                    (section, step, _) -> {
                        outcome.committing = step == chain.sections().get(section).steps().size() - 1;
                        return Simulator.Interruption.CONTINUE;
                    });
            return outcome;
        }

        long call(MethodHandle function) {
            try {
                return (long) function.invokeWithArguments(Arrays.stream(arguments).boxed().toArray());
            } catch (Throwable t) {
                throw Native.rethrown(t);
            }
        }

        void requireNothing(String where) {
            for (Outcome outcome : expected) {
                require(outcome.hasNoCommit(), where, "an aborted section has committed");
            }
        }

        void requireOnce(long status, String where) {
            StringBuilder tried = new StringBuilder();
            for (int index = 0; index < expected.length; index++) {
                boolean others = true;
                for (int other = 0; other < expected.length; other++) {
                    others &= other == index || expected[other].hasNoCommit(expected[index]);
                }
                String difference = expected[index].difference(status);
                if (others && difference.isEmpty()) {
                    return;
                }
                tried.append(" [index ").append(index).append(": ")
                        .append(others ? difference : "another index was committed to as well").append(']');
            }
            require(false, where, "the operation did not happen exactly once, arguments=" + Arrays.toString(arguments)
                    + tried);
        }

        /** What a simulated run leaves: an overlay of the real memory. */
        private final class Outcome implements AddressSpace {
            private final Map<Long, Long> overlay = new HashMap<>();
            private final Map<Long, Long> before = new HashMap<>();
            private final Set<Long> commits = new HashSet<>();
            private boolean committing;
            private long status;

            @Override
            public long getLong(long address) {
                Long value = overlay.get(address);
                return value == null ? RawMemory.getLong(address) : value;
            }

            @Override
            public void putLong(long address, long value) {
                before.putIfAbsent(address, RawMemory.getLong(address));
                overlay.put(address, value);
                if (committing) {
                    commits.add(address);
                }
            }

            @Override
            public int getInt(long address) {
                return (int) (getLong(address & -Long.BYTES) >>> shift(address));
            }

            @Override
            public void putInt(long address, int value) {
                long rest = getLong(address & -Long.BYTES) & ~(0xFFFF_FFFFL << shift(address));
                putLong(address & -Long.BYTES, rest | Integer.toUnsignedLong(value) << shift(address));
            }

            @Override
            public byte getByte(long address) {
                return (byte) (getLong(address & -Long.BYTES) >>> shift(address));
            }

            @Override
            public void putByte(long address, byte value) {
                long rest = getLong(address & -Long.BYTES) & ~(0xFFL << shift(address));
                putLong(address & -Long.BYTES, rest | Byte.toUnsignedLong(value) << shift(address));
            }

            private static int shift(long address) {
                return (int) (address & Long.BYTES - 1) * Byte.SIZE;
            }

            /** Tells whether no word that a commit writes has changed, but for those that another outcome writes. */
            boolean hasNoCommit(Outcome other) {
                return commits.stream().filter(address -> !other.overlay.containsKey(address))
                        .allMatch(address -> RawMemory.getLong(address) == before.getOrDefault(address, 0L));
            }

            boolean hasNoCommit() {
                return commits.stream()
                        .allMatch(address -> RawMemory.getLong(address) == before.getOrDefault(address, 0L));
            }

            /** Returns what of this outcome is not as the memory is, or nothing. */
            String difference(long actual) {
                boolean isTime = status >= 0 && (status & CLOCK_A) == CLOCK_A;
                if (actual != status && !isTime) {
                    return "status " + Status.describe(actual) + ", not " + Status.describe(status);
                }
                for (Map.Entry<Long, Long> word : overlay.entrySet()) {
                    long now = RawMemory.getLong(word.getKey());
                    boolean good = timestamps.contains(word.getKey()) ? now != before.getOrDefault(word.getKey(), 0L)
                            : now == word.getValue();
                    if (!good) {
                        return "word " + Long.toHexString(word.getKey()) + " holds " + now + ", not " + word.getValue();
                    }
                }
                return "";
            }
        }
    }
}
