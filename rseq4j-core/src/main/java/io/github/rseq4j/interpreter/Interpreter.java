package io.github.rseq4j.interpreter;

import io.github.rseq4j.histogram.HistogramBuckets;
import io.github.rseq4j.ir.Bucket;
import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.ir.CommitAddDouble;
import io.github.rseq4j.ir.CommitAddPair;
import io.github.rseq4j.ir.Mem;
import io.github.rseq4j.ir.Operand;
import io.github.rseq4j.ir.Operand.Imm;
import io.github.rseq4j.ir.Operand.Reg;
import io.github.rseq4j.ir.Section;
import io.github.rseq4j.ir.Status;
import io.github.rseq4j.ir.Step;
import io.github.rseq4j.ir.Width;
import io.github.rseq4j.section.Order;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.function.LongSupplier;

/**
 * Runs the steps of a chain one by one on any memory, with aborts on request. It is the reference of the tests, and the
 * slow path for threads without registration.
 */
public final class Interpreter {
    /** Decides on an abort before each step. */
    @FunctionalInterface
    public interface Interruption {
        /** The answer for no abort. */
        int CONTINUE = -1;

        /** Never interrupts. */
        Interruption NEVER = (_, _, _) -> CONTINUE;

        /**
         * Called before each step. It may change the memory, like another thread that runs while this thread is
         * switched out.
         *
         * @param section the number of the section
         * @param step the number of the step
         * @param index the index at which the section runs
         * @return {@link #CONTINUE}, or the index at which the section is restarted
         */
        int before(int section, int step, int index);
    }

    /** The value of a temporary after an abort, which no test expects. */
    private static final long POISON = 0xDEAD_BEEF_DEAD_BEEFL;
    private static final int CONTINUES = 0;

    private final AddressSpace memory;
    private final int strideShift;
    private final LongSupplier clock;

    /**
     * Creates an interpreter.
     *
     * @param memory the memory on which chains work
     * @param strideShift the binary logarithm of the distance between two indices' copies, in bytes
     * @param clock the clock of timestamps
     */
    public Interpreter(AddressSpace memory, int strideShift, LongSupplier clock) {
        this.memory = memory;
        this.strideShift = strideShift;
        this.clock = clock;
    }

    /**
     * Runs a chain, or its remaining sections.
     *
     * @param chain the chain
     * @param from the first section that runs
     * @param arguments the function's arguments
     * @param index the index at which the first section starts
     * @param interruption decides on aborts
     * @return the status that the emitted function would return
     */
    public long run(Chain chain, int from, long[] arguments, int index, Interruption interruption) {
        return run(chain, from, Arguments.of(arguments), index, interruption);
    }

    /**
     * Does the same with arguments of which one may be a segment.
     *
     * @param chain the chain
     * @param from the first section that runs
     * @param arguments the function's arguments
     * @param index the index at which the first section starts
     * @param interruption decides on aborts
     * @return the status that the emitted function would return
     */
    public long run(Chain chain, int from, Arguments arguments, int index, Interruption interruption) {
        int restarts = chain.restarts();
        int at = index;
        long result = 0;
        for (int k = from; k < chain.sections().size(); k++) {
            Section section = chain.sections().get(k);
            State state = new State(arguments);
            int i = 0;
            while (i < section.steps().size()) {
                int answer = interruption.before(k, i, at);
                if (answer != Interruption.CONTINUE) {
                    if (restarts-- == 0) {
                        return Status.failure(Status.ABORTED, k);
                    }
                    at = answer;
                    state = new State(arguments);
                    i = 0;
                    continue;
                }
                int code = step(section.steps().get(i), state, (long) at << strideShift);
                if (code != CONTINUES) {
                    return Status.failure(code, k);
                }
                i++;
            }
            result = section.result() == null ? 0 : state.get(section.result());
        }
        return result;
    }

    /** The registers of one run of a section. */
    private static final class State {
        private final Arguments arguments;
        private final long[] temporaries = new long[Section.MAX_TEMPORARIES];

        State(Arguments arguments) {
            this.arguments = arguments;
            Arrays.fill(temporaries, POISON);
        }

        long get(Operand operand) {
            return switch (operand) {
                case Imm imm -> imm.value();
                case Reg reg -> reg.isArgument() ? arguments.word(reg.number()) : temporaries[reg.number()];
            };
        }

        void set(Reg reg, long value) {
            temporaries[reg.number()] = value;
        }
    }

    private int step(Step step, State state, long slot) {
        switch (step) {
            case Step.Load load -> state.set(load.target(), load(address(load.from(), state, slot), load.width()));
            case Step.Store store ->
                store(address(store.to(), state, slot), state.get(store.value()), store.width());
            case Step.Add add -> state.set(add.target(), state.get(add.target()) + state.get(add.value()));
            case Step.Subtract sub -> state.set(sub.target(), state.get(sub.target()) - state.get(sub.value()));
            case Step.And and -> state.set(and.target(), state.get(and.target()) & state.get(and.value()));
            case Step.Address address -> state.set(address.target(), address(address.place(), state, slot));
            case Step.Move move -> state.set(move.target(), state.get(move.value()));
            case Bucket bucket -> state.set(bucket.target(),
                    HistogramBuckets.number(state.get(bucket.value()), bucket.significantBits()));
            case Step.ExitIf exit -> {
                Width width = exit.width();
                if (exit.condition().holds(width.of(state.get(exit.left())), width.of(state.get(exit.right())))) {
                    return Status.EXIT + exit.exit();
                }
            }
            case Step.Copy copy -> {
                long length = state.get(copy.lengthBytes());
                if (Long.compareUnsigned(length, copy.maxBytes()) > 0) {
                    return Status.OUT_OF_RANGE;
                }
                copy(copy, length, state, slot);
            }
            case Step.Timestamp timestamp -> state.set(timestamp.target(), clock.getAsLong());
            case Step.Delay delay -> {
                if (Long.compareUnsigned(state.get(delay.iterations()), delay.max()) > 0) {
                    return Status.OUT_OF_RANGE;
                }
            }
            case Step.CommitStore commit -> {
                order(commit);
                store(address(commit.to(), state, slot), state.get(commit.value()), commit.width());
            }
            case Step.CommitAdd commit -> {
                order(commit);
                long address = address(commit.to(), state, slot);
                store(address, load(address, commit.width()) + state.get(commit.value()), commit.width());
            }
            case CommitAddPair commit -> {
                long first = address(commit.to(), state, slot);
                long second = first + Long.BYTES;
                memory.putLong(first, memory.getLong(first) + state.get(commit.value()));
                memory.putLong(second, memory.getLong(second) + state.get(commit.second()));
            }
            case CommitAddDouble commit -> {
                order(commit);
                long address = address(commit.to(), state, slot);
                double sum = Double.longBitsToDouble(memory.getLong(address))
                        + Double.longBitsToDouble(state.get(commit.value()));
                memory.putLong(address, Double.doubleToLongBits(sum));
            }
        }
        return CONTINUES;
    }

    private void copy(Step.Copy copy, long length, State state, long slot) {
        long to = address(copy.to(), state, slot);
        MemorySegment source = state.arguments.segment(copy.from());
        MemorySegment target = state.arguments.segment(copy.to().base());
        if (source != null) {
            memory.copyIn(to, source, length);
        } else if (target != null) {
            memory.copyOut(target, to, state.get(copy.from()), length);
        } else {
            memory.copy(to, state.get(copy.from()), length);
        }
    }

    private static void order(Step.Commit commit) {
        if (commit.order() == Order.RELEASE) {
            VarHandle.releaseFence();
        }
    }

    /** Returns the address of a place. If the base is a segment, it counts as 0; the result is the offset there. */
    private static long address(Mem mem, State state, long slot) {
        long base = state.arguments.segment(mem.base()) == null ? state.get(mem.base()) : 0;
        long address = base + mem.displacementBytes() + (mem.perCpu() ? slot : 0);
        return mem.index() == null ? address : address + state.get(mem.index()) * mem.scale();
    }

    private long load(long address, Width width) {
        return width == Width.INT ? Integer.toUnsignedLong(memory.getInt(address)) : memory.getLong(address);
    }

    private void store(long address, long value, Width width) {
        if (width == Width.INT) {
            memory.putInt(address, (int) value);
        } else {
            memory.putLong(address, value);
        }
    }
}
