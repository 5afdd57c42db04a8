package io.github.rseq4j.machine.aarch64;

import io.github.rseq4j.ir.Mem;
import io.github.rseq4j.ir.Operand;
import io.github.rseq4j.ir.Operand.Imm;
import io.github.rseq4j.ir.Operand.Reg;
import io.github.rseq4j.ir.Step;
import io.github.rseq4j.ir.Width;
import io.github.rseq4j.kernel.Architecture;
import io.github.rseq4j.kernel.RseqArea;
import io.github.rseq4j.kernel.SystemCall;
import io.github.rseq4j.machine.Assembler;
import io.github.rseq4j.machine.Checker;
import io.github.rseq4j.machine.CodeBuffer;
import io.github.rseq4j.machine.Effect;
import io.github.rseq4j.machine.Insn;
import io.github.rseq4j.machine.Label;
import io.github.rseq4j.machine.Lowering;
import io.github.rseq4j.machine.Target;
import io.github.rseq4j.machine.aarch64.A64.Access;
import io.github.rseq4j.machine.aarch64.A64.Condition;
import io.github.rseq4j.section.Order;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/** Writes functions for A64 under the procedure call standard for it (AAPCS64). */
final class A64Assembler implements Assembler {
    /* How it works
     *
     * Arguments stay where the standard puts them: eight registers, then the stack. x15 holds the area's address and
     * x14 the restarts left from the function's entry on; both outlive an abort, for the kernel changes the program
     * counter alone. x13 is the slot; x16, x17, x12 and x11 are scratch registers. Temporaries come from what is left,
     * then from argument registers that the function does not use, then from registers that it must save.
     *
     * Order: loads and stores of the thread itself are seen by it in program order, and a section that is restarted on
     * another CPU goes through the kernel, whose switch is a full barrier (membarrier(2), "memory barrier semantic on
     * context switch"). Towards others a release commit is stlr: every load and store before it, in program order, is
     * observed before it (Arm ARM, B2.3, "Barrier-ordered-before"). A relaxed commit is a plain store, single-copy
     * atomic because its address is a multiple of its size (B2.2.1).
     *
     * Code that was written is cleaned out of the data cache to the point of unification, waited for (dsb),
     * invalidated in the instruction caches of all processors of the inner shareable domain, waited for, and the
     * pipeline is emptied (isb): Arm ARM, B2.4.4, "Concurrent modification and execution of instructions", with the
     * smallest line that CTR_EL0 can tell, 16 bytes. Other processors have not fetched from these addresses, which
     * were not executable before.
     *
     * The abort handler counts with a pair of exclusive instructions, so that no CPU need have more than Armv8.0; it
     * tries a bounded number of times, and an abort is rather left out of the count than waited for (I4).
     */
    private static final List<Gp> ARGUMENTS = List.of(Gp.X0, Gp.X1, Gp.X2, Gp.X3, Gp.X4, Gp.X5, Gp.X6, Gp.X7);
    private static final Gp AREA = Gp.X15;
    private static final Gp RESTARTS = Gp.X14;
    private static final Gp SLOT = Gp.X13;
    private static final Gp S0 = Gp.X16;
    private static final Gp S1 = Gp.X17;
    private static final Gp S2 = Gp.X12;
    private static final Gp S3 = Gp.X11;
    private static final List<Gp> FREE = List.of(Gp.X10, Gp.X9, Gp.X8);
    private static final List<Gp> SAVED = List.of(Gp.X19, Gp.X20, Gp.X21, Gp.X22, Gp.X23, Gp.X24, Gp.X25, Gp.X26,
            Gp.X27, Gp.X28);
    private static final Gp RESULT = Gp.X0;
    private static final Gp SYSTEM_CALL = Gp.X8;
    private static final int PUSH_BYTES = 16;
    private static final int COUNT_TRIES = 64;
    private static final int MAX_COMPARED = 0xFFF;

    private final Target target;
    private final CodeBuffer buffer;
    private final Gp[] temporaries;
    private final List<Gp> pushed = new ArrayList<>();
    private int locals;

    A64Assembler(Target target, Lowering.Frame frame, CodeBuffer buffer) {
        this.target = target;
        this.buffer = buffer;
        List<Gp> free = new ArrayList<>(FREE);
        for (int i = ARGUMENTS.size() - 1; i >= frame.arguments(); i--) {
            free.add(ARGUMENTS.get(i));
        }
        int unsaved = free.size();
        free.addAll(SAVED);
        temporaries = free.subList(0, frame.temporaries()).toArray(new Gp[0]);
        for (int i = unsaved; i < temporaries.length; i++) {
            pushed.add(temporaries[i]);
        }
    }

    private Label local(String name) {
        return new Label(name + "_" + locals++);
    }

    private void emit(Insn insn) {
        buffer.emit(insn);
    }

    private void constant(Gp to, long value) {
        for (Insn insn : A64.constant(to, value)) {
            emit(insn);
        }
    }

    /** {@code to = from + value}, for any value; the scratch register is used where it takes one. */
    private void addConstant(Gp to, Gp from, long value, Gp scratch) {
        long size = Math.abs(value);
        if (A64.isAddable(size)) {
            emit(A64.add(to, from, value));
        } else if (size < 1 << 24) {
            long low = size & 0xFFF;
            emit(A64.add(to, from, value < 0 ? -(size - low) : size - low));
            emit(A64.add(to, to, value < 0 ? -low : low));
        } else {
            constant(scratch, value);
            emit(A64.add(8, to, from, scratch, 0));
        }
    }

    private void area() {
        Target.Words words = target.words();
        emit(A64.threadPointer(AREA));
        if (words != null) {
            emit(A64.load(S0, words.area()));
            emit(A64.add(8, AREA, AREA, S0, 0));
        } else if (target.rseqOffsetBytes() != 0) {
            addConstant(AREA, AREA, target.rseqOffsetBytes(), S0);
        }
    }

    @Override
    public void enter(int restarts) {
        for (Gp register : pushed) {
            emit(A64.push(register));
        }
        area();
        constant(RESTARTS, restarts);
    }

    @Override
    public void arm(Label descriptor, Label start) {
        emit(A64.address(S0, descriptor));
        emit(A64.memory(Access.STORE, S0, AREA, RseqArea.RSEQ_CS).with(Effect.ARM));
        buffer.bind(start);
    }

    @Override
    public void checkRegistered(Label unregistered) {
        emit(A64.memory(Access.LOAD_INT, S0, AREA, RseqArea.CPU_ID));
        emit(A64.compare(4, S0, 0L));
        emit(A64.branch(Condition.LT, unregistered).with(Effect.CHECK_REGISTERED));
    }

    @Override
    public void loadSlot(Label outOfRange) {
        Target.Words words = target.words();
        if (words == null) {
            emit(A64.memory(Access.LOAD_INT, SLOT, AREA, target.index().offsetBytes()).with(Effect.READ_INDEX));
            compare(4, SLOT, target.limit(), S0);
        } else {
            emit(A64.threadPointer(S0));
            emit(A64.load(S1, words.index()));
            emit(A64.memoryAt(Access.LOAD_INT, SLOT, S0, S1).with(Effect.READ_INDEX));
            emit(A64.load(S0, words.limit()));
            emit(A64.compare(4, SLOT, S0));
        }
        emit(A64.branch(Condition.HS, outOfRange).with(Effect.CHECK_INDEX));
        emit(A64.shiftLeft(SLOT, SLOT, target.strideShift()));
    }

    private void compare(int bytes, Gp left, long right, Gp scratch) {
        if (right >= 0 && right <= MAX_COMPARED) {
            emit(A64.compare(bytes, left, right));
        } else {
            constant(scratch, right);
            emit(A64.compare(bytes, left, scratch));
        }
    }

    @Override
    public void step(Step step, Exits exits) {
        // Not a switch over the types, for the reason that the AMD64 encoder gives.
        if (step instanceof Step.CommitAdd commit) {
            commitAdd(commit);
        } else if (step instanceof Step.Delay delay) {
            delay(delay, exits.outOfRange());
        } else if (step instanceof Step.CommitStore commit) {
            store(commit.to(), commit.value(), commit.width(), commit.order(), Effect.COMMIT);
        } else if (step instanceof Step.Load load) {
            place(load.from()).access(Access.load(load.width().bytes()), temporary(load.target()), Effect.READ);
        } else if (step instanceof Step.Store store) {
            store(store.to(), store.value(), store.width(), Order.RELAXED, Effect.STORE);
        } else if (step instanceof Step.Add add) {
            add(8, temporary(add.target()), add.value());
        } else if (step instanceof Step.Subtract subtract) {
            Gp to = temporary(subtract.target());
            emit(A64.subtract(8, to, to, value(subtract.value(), S1)));
        } else if (step instanceof Step.And and) {
            Gp to = temporary(and.target());
            emit(A64.and(8, to, to, value(and.value(), S1)));
        } else if (step instanceof Step.Address place) {
            emit(A64.move(8, temporary(place.target()), place(place.place()).address()));
        } else if (step instanceof Step.Move move) {
            move(temporary(move.target()), move.value());
        } else if (step instanceof Step.ExitIf exit) {
            exitIf(exit, exits.exit(exit.exit()));
        } else if (step instanceof Step.Copy copy) {
            copy(copy, exits.outOfRange());
        } else {
            Step.Timestamp time = (Step.Timestamp) step;
            A64.counter(temporary(time.target()), time.isOrdered()).forEach(this::emit);
        }
    }

    private Gp temporary(Reg register) {
        return temporaries[register.number()];
    }

    /** Returns the register that holds a value: its own, or the scratch register into which it is loaded here. */
    private Gp value(Operand operand, Gp scratch) {
        if (operand instanceof Imm(long value)) {
            if (value == 0) {
                return Gp.ZERO;
            }
            constant(scratch, value);
            return scratch;
        }
        return register((Reg) operand, scratch);
    }

    private Gp register(Reg register, Gp scratch) {
        if (!register.isArgument()) {
            return temporary(register);
        }
        if (register.number() < ARGUMENTS.size()) {
            return ARGUMENTS.get(register.number());
        }
        emit(A64.memory(Access.LOAD, scratch, Gp.SP,
                (long) pushed.size() * PUSH_BYTES + (long) (register.number() - ARGUMENTS.size()) * Long.BYTES));
        return scratch;
    }

    /** A place in memory: a base and an offset, or a base and the slot. */
    private final class Place {
        private final Gp base;
        private final boolean plusSlot;
        private final long offset;

        Place(Gp base, boolean plusSlot, long offset) {
            this.base = base;
            this.plusSlot = plusSlot;
            this.offset = offset;
        }

        void access(Access access, Gp register, Effect effect) {
            emit((plusSlot ? A64.memoryAt(access, register, base, SLOT) : A64.memory(access, register, base, offset))
                    .with(effect));
        }

        /** Returns a register that holds the address itself. */
        Gp address() {
            if (plusSlot) {
                emit(A64.add(8, S0, base, SLOT, 0));
            } else if (offset != 0) {
                addConstant(S0, base, offset, S2);
            }
            return plusSlot || offset != 0 ? S0 : base;
        }
    }

    /** Computes a place; the scratch registers 0, 2 and 3 may be used for it, and 0 may be a part of it. */
    private Place place(Mem mem) {
        Gp base = register(mem.base(), S0);
        Reg index = mem.index();
        if (mem.perCpu() && index == null && mem.displacementBytes() == 0) {
            return new Place(base, true, 0);
        }
        if (mem.perCpu()) {
            emit(A64.add(8, S0, base, SLOT, 0));
            base = S0;
        }
        if (index != null) {
            emit(A64.add(8, S0, base, register(index, S3), Integer.numberOfTrailingZeros(mem.scale())));
            base = S0;
        }
        if (A64.isOffset(Access.LOAD, mem.displacementBytes())
                && A64.isOffset(Access.LOAD_INT, mem.displacementBytes())) {
            return new Place(base, false, mem.displacementBytes());
        }
        addConstant(S0, base, mem.displacementBytes(), S2);
        return new Place(S0, false, 0);
    }

    private void store(Mem to, Operand value, Width width, Order order, Effect effect) {
        Place place = place(to);
        if (order == Order.RELEASE) {
            Gp address = place.address();
            emit(A64.storeRelease(width.bytes(), value(value, S1), address).with(effect));
        } else {
            place.access(Access.store(width.bytes()), value(value, S1), effect);
        }
    }

    private void commitAdd(Step.CommitAdd commit) {
        int bytes = commit.width().bytes();
        Place place = place(commit.to());
        if (commit.order() == Order.RELEASE) {
            place = new Place(place.address(), false, 0);
        }
        place.access(Access.load(bytes), S1, Effect.READ);
        add(bytes, S1, commit.value());
        if (commit.order() == Order.RELEASE) {
            emit(A64.storeRelease(bytes, S1, place.base).with(Effect.COMMIT));
        } else {
            place.access(Access.store(bytes), S1, Effect.COMMIT);
        }
    }

    private void add(int bytes, Gp to, Operand value) {
        if (value instanceof Imm(long constant) && A64.isAddable(Math.abs(constant))) {
            // What is above 4 bytes is not stored.
            emit(A64.add(to, to, constant));
        } else {
            emit(A64.add(bytes, to, to, value(value, S3), 0));
        }
    }

    private void move(Gp to, Operand value) {
        if (value instanceof Imm(long constant)) {
            constant(to, constant);
            return;
        }
        Gp from = register((Reg) value, to);
        if (from != to) {
            emit(A64.move(8, to, from));
        }
    }

    private void exitIf(Step.ExitIf exit, Label label) {
        int bytes = exit.width().bytes();
        Gp left = value(exit.left(), S0);
        if (exit.right() instanceof Imm(long constant)) {
            compare(bytes, left, bytes == 4 ? (int) constant : constant, S1);
        } else {
            emit(A64.compare(bytes, left, value(exit.right(), S1)));
        }
        emit(A64.branch(condition(exit.condition()), label));
    }

    private static Condition condition(io.github.rseq4j.section.Condition condition) {
        return switch (condition) {
            case EQUAL -> Condition.EQ;
            case NOT_EQUAL -> Condition.NE;
            case BELOW -> Condition.LO;
            case ABOVE_OR_EQUAL -> Condition.HS;
        };
    }

    /** Length and source are read from the stack each time they are needed, if they lie there. */
    private void copy(Step.Copy copy, Label outOfRange) {
        Label words = local("copy_words");
        Label tail = local("copy_tail");
        Label done = local("copy_done");
        compare(8, register(copy.lengthBytes(), S1), copy.maxBytes(), S2);
        emit(A64.branch(Condition.HI, outOfRange));
        Gp to = place(copy.to()).address();
        // A place that is the argument itself must not be lost to what follows.
        Gp position = S3;
        Gp next = S2;
        constant(position, 0);
        buffer.bind(words);
        emit(A64.add(next, position, Long.BYTES));
        emit(A64.compare(8, next, register(copy.lengthBytes(), S1)));
        emit(A64.branch(Condition.HI, tail));
        emit(A64.memoryAt(Access.LOAD, S1, register(copy.from(), S1), position));
        emit(A64.memoryAt(Access.STORE, S1, to, position));
        emit(A64.move(8, position, next).with(Effect.COUNT));
        emit(A64.branch(words).bounded(copy.maxBytes() / Long.BYTES + 1));
        buffer.bind(tail);
        emit(A64.compare(8, position, register(copy.lengthBytes(), S1)));
        emit(A64.branch(Condition.HS, done));
        emit(A64.memoryAt(Access.LOAD_BYTE, S1, register(copy.from(), S1), position));
        emit(A64.memoryAt(Access.STORE_BYTE, S1, to, position));
        emit(A64.add(position, position, 1).with(Effect.COUNT));
        emit(A64.branch(tail).bounded(Long.BYTES));
        buffer.bind(done);
    }

    private void delay(Step.Delay delay, Label outOfRange) {
        Label again = local("delay");
        Label done = local("delayed");
        Gp iterations = register(delay.iterations(), S0);
        if (iterations != S0) {
            emit(A64.move(8, S0, iterations));
        }
        compare(8, S0, delay.max(), S1);
        emit(A64.branch(Condition.HI, outOfRange));
        emit(A64.branchIfZero(S0, done));
        buffer.bind(again);
        emit(A64.countDown(8, S0));
        emit(A64.branch(Condition.NE, again).bounded(delay.max()));
        buffer.bind(done);
    }

    @Override
    public void leave(Operand result) {
        move(RESULT, result);
        for (Gp register : pushed.reversed()) {
            emit(A64.pop(register));
        }
        emit(A64.ret());
    }

    @Override
    public void abort(Label abort, Label aborts, int restarts, Label retry) {
        emit(A64.signature(Architecture.AARCH64.signature()));
        buffer.bind(abort);
        increment(aborts);
        emit(A64.countDown(4, RESTARTS));
        emit(A64.branch(Condition.PL, retry).bounded(Math.max(1, restarts)));
    }

    @Override
    public void returnThreadPointer() {
        emit(A64.threadPointer(RESULT));
        emit(A64.ret());
    }

    @Override
    public void returnAreaField() {
        area();
        emit(A64.memoryAt(Access.LOAD_SIGNED, RESULT, AREA, ARGUMENTS.getFirst()));
        emit(A64.ret());
    }

    @Override
    public void increment(Label counter) {
        Label again = local("count");
        Label counted = local("counted");
        emit(A64.address(S0, counter));
        constant(S3, COUNT_TRIES);
        buffer.bind(again);
        emit(A64.loadExclusive(S1, S0));
        emit(A64.add(S1, S1, 1));
        emit(A64.storeExclusive(S2, S1, S0));
        emit(A64.branchIfZero(S2, counted));
        emit(A64.countDown(4, S3));
        emit(A64.branch(Condition.NE, again).bounded(COUNT_TRIES));
        buffer.bind(counted);
    }

    @Override
    public void systemCall(SystemCall call, long... arguments) {
        for (int i = 0; i < arguments.length; i++) {
            constant(ARGUMENTS.get(i), arguments[i]);
        }
        constant(SYSTEM_CALL, call.number(Architecture.AARCH64));
        emit(A64.systemCall());
    }

    @Override
    public void synchroniseCode() {
        overLines(A64::cleanData);
        emit(A64.dataBarrier());
        overLines(A64::invalidateCode);
        emit(A64.dataBarrier());
        emit(A64.codeBarrier());
        leave(Operand.imm(0));
    }

    /** Arguments: x0 is the address, x1 how many lines. */
    private void overLines(Function<Gp, Insn> maintenance) {
        Label again = local("line");
        emit(A64.move(8, S0, ARGUMENTS.get(0)));
        emit(A64.move(8, S1, ARGUMENTS.get(1)));
        buffer.bind(again);
        emit(maintenance.apply(S0));
        emit(A64.add(S0, S0, CODE_LINE_BYTES));
        emit(A64.countDown(8, S1));
        emit(A64.branch(Condition.NE, again).bounded(Checker.MAX_BOUND));
    }

    @Override
    public void replaceInstruction(Label cell) {
        emit(A64.address(S0, cell));
        emit(A64.memory(Access.LOAD, S1, S0, 0));
        emit(A64.memory(Access.LOAD_INT, S2, S0, Long.BYTES));
        emit(A64.memory(Access.STORE_INT, S2, S1, 0).with(Effect.STACK));
        // To the point of unification, then out of the instruction caches, then out of this processor's pipeline.
        emit(A64.cleanData(S1));
        emit(A64.dataBarrier());
        emit(A64.invalidateCode(S1));
        emit(A64.dataBarrier());
        emit(A64.codeBarrier());
    }
}
