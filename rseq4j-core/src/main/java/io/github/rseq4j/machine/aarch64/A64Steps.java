package io.github.rseq4j.machine.aarch64;

import io.github.rseq4j.ir.Bucket;
import io.github.rseq4j.ir.CommitAddDouble;
import io.github.rseq4j.ir.CommitAddPair;
import io.github.rseq4j.ir.Mem;
import io.github.rseq4j.ir.Operand;
import io.github.rseq4j.ir.Operand.Imm;
import io.github.rseq4j.ir.Operand.Reg;
import io.github.rseq4j.ir.Step;
import io.github.rseq4j.ir.StepVisitor;
import io.github.rseq4j.ir.Width;
import io.github.rseq4j.machine.Assembler.Exits;
import io.github.rseq4j.machine.CodeBuffer;
import io.github.rseq4j.machine.Effect;
import io.github.rseq4j.machine.Insn;
import io.github.rseq4j.machine.Label;
import io.github.rseq4j.machine.Lowering;
import io.github.rseq4j.machine.aarch64.A64.Access;
import io.github.rseq4j.machine.aarch64.A64.Condition;
import io.github.rseq4j.section.Order;
import java.util.ArrayList;
import java.util.List;

/** The registers of a function for A64, and the instructions of each kind of step. */
final class A64Steps implements StepVisitor<Exits> {
    /* How it works
     *
     * Arguments stay where the procedure call standard puts them: eight registers, then the stack. x13 is the slot;
     * x16, x17, x12 and x11 are scratch registers. Temporaries come from x10 to x8, then from argument registers that
     * the function does not use, then from registers that it must save.
     *
     * Order: a thread observes its own loads and stores in program order. A section that restarts on another CPU passes
     * through the kernel, whose context switch is a full barrier (membarrier(2), "memory barrier semantic on context
     * switch"). A release commit is stlr: other threads observe all earlier loads and stores before it (Arm ARM, B2.3,
     * "Barrier-ordered-before"). A relaxed commit is a plain store. It is single-copy atomic, because its address is a
     * multiple of its size (B2.2.1).
     */
    static final List<Gp> ARGUMENTS = List.of(Gp.X0, Gp.X1, Gp.X2, Gp.X3, Gp.X4, Gp.X5, Gp.X6, Gp.X7);
    static final Gp SLOT = Gp.X13;
    static final Gp S0 = Gp.X16;
    static final Gp S1 = Gp.X17;
    static final Gp S2 = Gp.X12;
    static final Gp S3 = Gp.X11;
    private static final List<Gp> FREE = List.of(Gp.X10, Gp.X9, Gp.X8);
    private static final List<Gp> SAVED = List.of(Gp.X19, Gp.X20, Gp.X21, Gp.X22, Gp.X23, Gp.X24, Gp.X25, Gp.X26,
            Gp.X27, Gp.X28);
    private static final int PUSH_BYTES = 16;
    private static final int MAX_COMPARED = 0xFFF;

    private final CodeBuffer buffer;
    private final Gp[] temporaries;
    private final List<Gp> pushed = new ArrayList<>();
    private int locals;

    A64Steps(Lowering.Frame frame, CodeBuffer buffer) {
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

    /** Returns the registers that the function saves, in the order in which it pushes them. */
    List<Gp> pushed() {
        return pushed;
    }

    Label local(String name) {
        return new Label(name + "_" + locals++);
    }

    void emit(Insn insn) {
        buffer.emit(insn);
    }

    /** {@code to = value}. */
    void constant(Gp to, long value) {
        for (Insn insn : A64.constant(to, value)) {
            emit(insn);
        }
    }

    /** {@code to = from + value}, for any value; the scratch register is used if the value needs one. */
    void addConstant(Gp to, Gp from, long value, Gp scratch) {
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

    void compare(int bytes, Gp left, long right, Gp scratch) {
        if (right >= 0 && right <= MAX_COMPARED) {
            emit(A64.compare(bytes, left, right));
        } else {
            constant(scratch, right);
            emit(A64.compare(bytes, left, scratch));
        }
    }

    @Override
    public void load(Step.Load load, Exits exits) {
        place(load.from()).access(Access.load(load.width().bytes()), temporary(load.target()), Effect.READ);
    }

    @Override
    public void store(Step.Store store, Exits exits) {
        store(store.to(), store.value(), store.width(), Order.RELAXED, Effect.STORE);
    }

    @Override
    public void add(Step.Add add, Exits exits) {
        add(8, temporary(add.target()), add.value());
    }

    @Override
    public void subtract(Step.Subtract subtract, Exits exits) {
        Gp to = temporary(subtract.target());
        emit(A64.subtract(8, to, to, value(subtract.value(), S1)));
    }

    @Override
    public void and(Step.And and, Exits exits) {
        Gp to = temporary(and.target());
        emit(A64.and(8, to, to, value(and.value(), S1)));
    }

    @Override
    public void address(Step.Address place, Exits exits) {
        emit(A64.move(8, temporary(place.target()), place(place.place()).address()));
    }

    @Override
    public void move(Step.Move move, Exits exits) {
        move(temporary(move.target()), move.value());
    }

    @Override
    public void timestamp(Step.Timestamp timestamp, Exits exits) {
        A64.counter(temporary(timestamp.target()), timestamp.isOrdered()).forEach(this::emit);
    }

    @Override
    public void commitStore(Step.CommitStore commit, Exits exits) {
        store(commit.to(), commit.value(), commit.width(), commit.order(), Effect.COMMIT);
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

    @Override
    public void commitAdd(Step.CommitAdd commit, Exits exits) {
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

    @Override
    public void commitAddPair(CommitAddPair commit, Exits exits) {
        Gp address = place(commit.to()).address();
        emit(A64.loadPair(S1, S2, address, 0));
        add(Long.BYTES, S1, commit.value());
        add(Long.BYTES, S2, commit.second());
        emit(A64.storePair(S1, S2, address, 0).with(Effect.COMMIT));
    }

    /** The double registers 16 and 17 are scratch registers too, and d17 is not a part of x17. */
    @Override
    public void commitAddDouble(CommitAddDouble commit, Exits exits) {
        Place place = place(commit.to());
        if (commit.order() == Order.RELEASE) {
            place = new Place(place.address(), false, 0);
        }
        emit(A64.moveToDouble(S0, value(commit.value(), S1)));
        place.access(Access.LOAD_DOUBLE, S1, Effect.READ);
        emit(A64.addDouble(S1, S1, S0));
        if (commit.order() == Order.RELEASE) {
            emit(A64.moveFromDouble(S1, S1));
            emit(A64.storeRelease(Long.BYTES, S1, place.base).with(Effect.COMMIT));
        } else {
            place.access(Access.STORE_DOUBLE, S1, Effect.COMMIT);
        }
    }

    private void add(int bytes, Gp to, Operand value) {
        if (value instanceof Imm(long constant) && A64.isAddable(Math.abs(constant))) {
            // The upper 4 bytes of the sum are not stored.
            emit(A64.add(to, to, constant));
        } else {
            emit(A64.add(bytes, to, to, value(value, S3), 0));
        }
    }

    /** {@code to = value}. */
    void move(Gp to, Operand value) {
        if (value instanceof Imm(long constant)) {
            constant(to, constant);
            return;
        }
        Gp from = register((Reg) value, to);
        if (from != to) {
            emit(A64.move(8, to, from));
        }
    }

    @Override
    public void exitIf(Step.ExitIf exit, Exits exits) {
        int bytes = exit.width().bytes();
        Gp left = value(exit.left(), S0);
        if (exit.right() instanceof Imm(long constant)) {
            compare(bytes, left, bytes == 4 ? (int) constant : constant, S1);
        } else {
            emit(A64.compare(bytes, left, value(exit.right(), S1)));
        }
        emit(A64.branch(condition(exit.condition()), exits.exit(exit.exit())));
    }

    private static Condition condition(io.github.rseq4j.section.Condition condition) {
        return switch (condition) {
            case EQUAL -> Condition.EQ;
            case NOT_EQUAL -> Condition.NE;
            case BELOW -> Condition.LO;
            case ABOVE_OR_EQUAL -> Condition.HS;
        };
    }

    /** A length or a source on the stack is read from there each time that it is needed. */
    @Override
    public void copy(Step.Copy copy, Exits exits) {
        Label words = local("copy_words");
        Label tail = local("copy_tail");
        Label done = local("copy_done");
        compare(8, register(copy.lengthBytes(), S1), copy.maxBytes(), S2);
        emit(A64.branch(Condition.HI, exits.outOfRange()));
        Gp to = place(copy.to()).address();
        // If the address is an argument's register, the steps below must not overwrite it.
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

    @Override
    public void bucket(Bucket bucket, Exits exits) {
        Gp number = temporary(bucket.target());
        Gp value = value(bucket.value(), S2);
        int bits = bucket.significantBits();
        constant(S1, 1L << bits);
        emit(A64.or(8, S0, value, S1));
        emit(A64.leadingZeros(8, S0, S0));
        constant(S1, Long.SIZE - 1L - bits);
        emit(A64.subtract(8, S1, S1, S0));
        emit(A64.shiftRight(8, number, value, S1));
        emit(A64.shiftLeft(S1, S1, bits));
        emit(A64.add(8, number, number, S1, 0));
    }

    @Override
    public void delay(Step.Delay delay, Exits exits) {
        Label again = local("delay");
        Label done = local("delayed");
        Gp iterations = register(delay.iterations(), S0);
        if (iterations != S0) {
            emit(A64.move(8, S0, iterations));
        }
        compare(8, S0, delay.max(), S1);
        emit(A64.branch(Condition.HI, exits.outOfRange()));
        emit(A64.branchIfZero(S0, done));
        buffer.bind(again);
        emit(A64.countDown(8, S0));
        emit(A64.branch(Condition.NE, again).bounded(delay.max()));
        buffer.bind(done);
    }
}
