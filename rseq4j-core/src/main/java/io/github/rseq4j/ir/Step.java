package io.github.rseq4j.ir;

import io.github.rseq4j.ir.Operand.Reg;
import io.github.rseq4j.section.Condition;
import io.github.rseq4j.section.Order;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One step of a section: the intermediate representation from which machine code, listing, simulation and fallback are
 * made. A restart runs the whole section again. Only the commit, the last step, has an effect that other threads see.
 *
 * <p>To add a step, add its record here and its method to {@link StepVisitor}:
 *
 * {@snippet :
 * // {@code target |= value}.
 * record Or(Reg target, Operand value) implements Arithmetic {
 *     public <C> void accept(StepVisitor<C> visitor, C context) {
 *         visitor.or(this, context);
 *     }
 *
 *     public String toString() {
 *         return target + " |= " + value;
 *     }
 * }
 * }
 *
 * The record says which registers and which memory the step uses, and which rules it keeps. The compiler then names
 * each place that lacks the step: the visitors, {@code machine.x64.X64Assembler} and {@code machine.aarch64.A64Steps},
 * and the switches without a default, in {@code Restarts} (what a restart may see), {@code Interpreter} and
 * {@code Fallback} (how it runs without machine code) and {@code Uses} (which values its proofs make up). Programs
 * reach the step by a method of {@code SectionBuilder}; the tests' {@code RandomSections} makes it up.
 *
 * <p>The assemblers run before the first update of each JVM. They are visitors because the bootstrap of a switch over
 * types takes a fresh JVM ten milliseconds.
 */
public sealed interface Step {
    /** The rule about stores before the commit. */
    String ONLY_THE_COMMIT = "only the commit writes the word that other threads read (I3)";

    /**
     * Calls the visitor's method for this kind of step.
     *
     * @param visitor the visitor
     * @param context passed to the method together with the step
     * @param <C> its type
     */
    <C> void accept(StepVisitor<C> visitor, C context);

    /** Returns the temporary that the step writes, or null. */
    default @Nullable Reg writes() {
        return null;
    }

    /** Returns the place in memory that the step names, or null. */
    default @Nullable Mem memory() {
        return null;
    }

    /** Returns the operands that the step reads, without the registers of its place in memory. */
    default List<Operand> operands() {
        return List.of();
    }

    /** Returns how many scratch registers a lowering needs for the step: 2, or 4. */
    default int scratches() {
        Mem mem = memory();
        return mem != null && mem.index() != null && mem.index().isArgument() ? 4 : 2;
    }

    /** Tells whether the step reads the time stamp counter. */
    default boolean readsTime() {
        return false;
    }

    /**
     * Returns the rule that the step breaks, whatever its registers are, or null.
     *
     * @param commit the section's commit, or null when it is not known yet
     */
    default @Nullable String brokenRule(@Nullable Commit commit) {
        return null;
    }

    /** Returns the registers that the step reads. */
    default List<Reg> reads() {
        List<Reg> reads = new ArrayList<>();
        Mem mem = memory();
        if (mem != null) {
            reads.add(mem.base());
            if (mem.index() != null) {
                reads.add(mem.index());
            }
        }
        for (Operand operand : operands()) {
            if (operand instanceof Reg reg) {
                reads.add(reg);
            }
        }
        return reads;
    }

    /** A step that gives a temporary its value. */
    sealed interface Producer extends Step permits Arithmetic, Load, Address, Move, Timestamp, Bucket {
        /** Returns the temporary. */
        Reg target();

        @Override
        default Reg writes() {
            return target();
        }
    }

    /** A step that combines a temporary with a value, in the temporary. */
    sealed interface Arithmetic extends Producer {
        /** Returns the value. */
        Operand value();

        @Override
        default List<Operand> operands() {
            return List.of(target(), value());
        }
    }

    /**
     * {@code target = *from}.
     *
     * @param target a temporary
     * @param from the place that is read
     * @param width the number of bytes
     */
    record Load(Reg target, Mem from, Width width) implements Producer {
        @Override
        public Mem memory() {
            return from;
        }

        @Override
        public <C> void accept(StepVisitor<C> visitor, C context) {
            visitor.load(this, context);
        }

        @Override
        public String toString() {
            return target + " = " + width.prefix() + from;
        }
    }

    /**
     * {@code *to = value}, before the commit. No other thread reads that place before the commit tells it to.
     *
     * @param to the place that is written
     * @param value the value
     * @param width the number of bytes
     */
    record Store(Mem to, Operand value, Width width) implements Step {
        @Override
        public Mem memory() {
            return to;
        }

        @Override
        public List<Operand> operands() {
            return List.of(value);
        }

        @Override
        public @Nullable String brokenRule(@Nullable Commit commit) {
            return commit != null && commit.to().overlaps(commit.bytes(), to, width.bytes())
                    ? ONLY_THE_COMMIT : null;
        }

        @Override
        public <C> void accept(StepVisitor<C> visitor, C context) {
            visitor.store(this, context);
        }

        @Override
        public String toString() {
            return width.prefix() + to + " = " + value;
        }
    }

    /**
     * {@code target += value}.
     *
     * @param target a temporary
     * @param value the value that is added
     */
    record Add(Reg target, Operand value) implements Arithmetic {
        @Override
        public <C> void accept(StepVisitor<C> visitor, C context) {
            visitor.add(this, context);
        }

        @Override
        public String toString() {
            return target + " += " + value;
        }
    }

    /**
     * {@code target -= value}.
     *
     * @param target a temporary
     * @param value the value that is subtracted
     */
    record Subtract(Reg target, Operand value) implements Arithmetic {
        @Override
        public <C> void accept(StepVisitor<C> visitor, C context) {
            visitor.subtract(this, context);
        }

        @Override
        public String toString() {
            return target + " -= " + value;
        }
    }

    /**
     * {@code target &= value}.
     *
     * @param target a temporary
     * @param value the bits that are kept
     */
    record And(Reg target, Operand value) implements Arithmetic {
        @Override
        public <C> void accept(StepVisitor<C> visitor, C context) {
            visitor.and(this, context);
        }

        @Override
        public String toString() {
            return target + " &= " + value;
        }
    }

    /**
     * {@code target = address of place}. The step does not read the memory there.
     *
     * @param target a temporary
     * @param place the place
     */
    record Address(Reg target, Mem place) implements Producer {
        @Override
        public Mem memory() {
            return place;
        }

        @Override
        public <C> void accept(StepVisitor<C> visitor, C context) {
            visitor.address(this, context);
        }

        @Override
        public String toString() {
            return target + " = address of " + place;
        }
    }

    /**
     * {@code target = value}.
     *
     * @param target a temporary
     * @param value the value
     */
    record Move(Reg target, Operand value) implements Producer {
        @Override
        public List<Operand> operands() {
            return List.of(value);
        }

        @Override
        public <C> void accept(StepVisitor<C> visitor, C context) {
            visitor.move(this, context);
        }

        @Override
        public String toString() {
            return target + " = " + value;
        }
    }

    /**
     * Leaves the section with exit {@code exit} when the comparison holds. The section has then committed nothing.
     *
     * @param condition the comparison
     * @param left the left word
     * @param right the right word
     * @param width how many bytes are compared
     * @param exit the exit's number, 0 to {@link Section#MAX_EXITS} - 1
     */
    record ExitIf(Condition condition, Reg left, Operand right, Width width, int exit) implements Step {
        @Override
        public List<Operand> operands() {
            return List.of(left, right);
        }

        @Override
        public @Nullable String brokenRule(@Nullable Commit commit) {
            return exit >= 0 && exit < Section.MAX_EXITS ? null : "exits are 0 to " + (Section.MAX_EXITS - 1);
        }

        @Override
        public <C> void accept(StepVisitor<C> visitor, C context) {
            visitor.exitIf(this, context);
        }

        @Override
        public String toString() {
            return "exit " + exit + " if " + left + " " + spelling(condition) + " " + right
                    + (width == Width.INT ? " (int)" : "");
        }
    }

    /**
     * Copies bytes, before the commit. A length above the bound leaves the section as out of range. The two ranges do
     * not overlap.
     *
     * @param to where the first byte goes
     * @param from holds the address of the first byte
     * @param lengthBytes holds the number of bytes
     * @param maxBytes the bound, at most {@link Section#MAX_COPY_BYTES}
     */
    record Copy(Mem to, Reg from, Reg lengthBytes, int maxBytes) implements Step {
        @Override
        public Mem memory() {
            return to;
        }

        @Override
        public int scratches() {
            return 4;
        }

        @Override
        public List<Operand> operands() {
            return List.of(from, lengthBytes);
        }

        @Override
        public @Nullable String brokenRule(@Nullable Commit commit) {
            if (maxBytes < 1 || maxBytes > Section.MAX_COPY_BYTES) {
                return "a copy is bounded by 1 to " + Section.MAX_COPY_BYTES + " bytes (I4)";
            }
            if (!from.isInRegister() || !lengthBytes.isInRegister()) {
                return "a copy takes source and length from temporaries or from the first " + Reg.REGISTER_ARGUMENTS
                        + " arguments";
            }
            return commit != null && commit.to().overlaps(commit.bytes(), to, maxBytes)
                    ? ONLY_THE_COMMIT : null;
        }

        @Override
        public <C> void accept(StepVisitor<C> visitor, C context) {
            visitor.copy(this, context);
        }

        @Override
        public String toString() {
            return "copy " + lengthBytes + " <= " + maxBytes + " bytes " + to + " = [" + from + "]";
        }
    }

    /**
     * {@code target} = the processor's time stamp counter.
     *
     * @param target a temporary
     * @param isOrdered whether the counter is read after all earlier instructions: then it is never earlier than a
     *     counter that another CPU read before. If not, the processor may read it before earlier loads have completed
     */
    record Timestamp(Reg target, boolean isOrdered) implements Producer {
        /** An ordered one. */
        public Timestamp(Reg target) {
            this(target, true);
        }

        @Override
        public boolean readsTime() {
            return true;
        }

        @Override
        public <C> void accept(StepVisitor<C> visitor, C context) {
            visitor.timestamp(this, context);
        }

        @Override
        public String toString() {
            return target + (isOrdered ? " = timestamp" : " = unordered timestamp");
        }
    }

    /**
     * Spends time: counts down from a number. A number above the bound leaves the section as out of range.
     *
     * @param iterations holds the number, 0 to the bound
     * @param max the bound, at most {@link Section#MAX_DELAY}
     */
    record Delay(Reg iterations, int max) implements Step {
        @Override
        public List<Operand> operands() {
            return List.of(iterations);
        }

        @Override
        public @Nullable String brokenRule(@Nullable Commit commit) {
            return max > 0 && max <= Section.MAX_DELAY ? null
                    : "a delay is bounded by 1 to " + Section.MAX_DELAY + " (I4)";
        }

        @Override
        public <C> void accept(StepVisitor<C> visitor, C context) {
            visitor.delay(this, context);
        }

        @Override
        public String toString() {
            return "delay " + iterations + " <= " + max;
        }
    }

    /** The last step, and the only one that other threads can observe (I3). */
    sealed interface Commit extends Step permits CommitStore, CommitAdd, CommitAddPair, CommitAddDouble {
        /** Returns the first word that is written. */
        Mem to();

        @Override
        default Mem memory() {
            return to();
        }

        /** Returns the value that is written, or added, to it. */
        Operand value();

        @Override
        default List<Operand> operands() {
            return List.of(value());
        }

        /** Returns the width of a word that is written. */
        Width width();

        /** Returns how many bytes are written. */
        default int bytes() {
            return width().bytes();
        }

        /** Returns the memory order. */
        Order order();
    }

    /**
     * {@code *to = value}.
     *
     * @param to the place that is written
     * @param value the value
     * @param width the number of bytes
     * @param order the memory order
     */
    record CommitStore(Mem to, Operand value, Width width, Order order) implements Commit {
        @Override
        public <C> void accept(StepVisitor<C> visitor, C context) {
            visitor.commitStore(this, context);
        }

        @Override
        public String toString() {
            return "commit " + width.prefix() + to + " = " + value + (order == Order.RELEASE ? " release" : "");
        }
    }

    /**
     * {@code *to += value}.
     *
     * @param to the place that is written
     * @param value the value that is added
     * @param width the number of bytes
     * @param order the memory order
     */
    record CommitAdd(Mem to, Operand value, Width width, Order order) implements Commit {
        @Override
        public <C> void accept(StepVisitor<C> visitor, C context) {
            visitor.commitAdd(this, context);
        }

        @Override
        public String toString() {
            return "commit " + width.prefix() + to + " += " + value + (order == Order.RELEASE ? " release" : "");
        }
    }

    private static String spelling(Condition condition) {
        return condition == Condition.EQUAL ? "EQ" : condition == Condition.NOT_EQUAL ? "NE" : condition.name();
    }
}
