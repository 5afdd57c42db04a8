package io.github.rseq4j.machine.x64;

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
import io.github.rseq4j.kernel.Architecture;
import io.github.rseq4j.kernel.RseqArea;
import io.github.rseq4j.kernel.SystemCall;
import io.github.rseq4j.machine.Assembler;
import io.github.rseq4j.machine.CodeBuffer;
import io.github.rseq4j.machine.Effect;
import io.github.rseq4j.machine.Insn;
import io.github.rseq4j.machine.Label;
import io.github.rseq4j.machine.Lowering;
import io.github.rseq4j.machine.Target;
import io.github.rseq4j.machine.x64.X64.Jump;
import io.github.rseq4j.machine.x64.X64.Op;
import io.github.rseq4j.section.Condition;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/** Writes functions for AMD64 under the System V calling convention. */
final class X64Assembler implements Assembler, StepVisitor<Assembler.Exits> {
    /* How it works
     *
     * Arguments stay where the convention puts them: six registers, then the stack. The slot is r11, the scratch
     * registers are rax and r10, and more if a step needs them. Temporaries come from the argument registers that the
     * function does not use, then from registers that it must save. The number of restarts that are left is in the red
     * zone below the stack pointer, which the kernel spares when it delivers a signal, so it takes no register.
     *
     * A section that is aborted starts again with the arguments, so nothing may overwrite one. rdtsc overwrites rdx: a
     * function that reads the time keeps its third argument elsewhere from its entry on.
     *
     * rdtsc does not wait for earlier instructions, so an lfence before it does. Refused: rdtscp, which waits itself,
     * takes as long, and also overwrites the fourth argument. A shift takes its number of bits from cl, so a function
     * that shifts keeps its fourth argument elsewhere too. Refused: shrx and lzcnt, which some processors lack.
     *
     * x86 keeps stores in order, so a release commit is a plain store. A pair is moved by movdqu, which takes as long
     * as movdqa where the address is aligned, and does not fault where it is not.
     */
    private static final List<Gp> CONVENTION = List.of(Gp.RDI, Gp.RSI, Gp.RDX, Gp.RCX, Gp.R8, Gp.R9);
    private static final List<Gp> SAVED = List.of(Gp.RBX, Gp.RBP, Gp.R12, Gp.R13, Gp.R14, Gp.R15);
    private static final Address RESTARTS = Address.of(Gp.RSP, -8);
    private static final Gp SLOT = Gp.R11;
    /** The register whose lowest byte is the number of bits of a shift. */
    private static final Gp SHIFT = Gp.RCX;
    /** Where rdtsc leaves the upper half. */
    private static final Gp TIME_HIGH = Gp.RDX;

    private final Target target;
    private final CodeBuffer buffer;
    private final Gp[] arguments;
    private final Gp[] temporaries;
    private final Gp[] scratches;
    private final List<Gp> pushed = new ArrayList<>();
    private int locals;

    X64Assembler(Target target, Lowering.Frame frame, CodeBuffer buffer) {
        this.target = target;
        this.buffer = buffer;
        this.arguments = CONVENTION.toArray(new Gp[0]);
        // The overwritten registers keep nothing from one step to the next, so they are scratch registers.
        List<Gp> overwritten = overwritten(frame);
        ArrayDeque<Gp> free = new ArrayDeque<>(List.of(Gp.RAX));
        free.addAll(overwritten);
        free.add(Gp.R10);
        for (int i = CONVENTION.size() - 1; i >= frame.arguments(); i--) {
            if (!overwritten.contains(CONVENTION.get(i))) {
                free.add(CONVENTION.get(i));
            }
        }
        ArrayDeque<Gp> saved = new ArrayDeque<>(SAVED);
        scratches = take(frame.scratches(), free, saved);
        free.removeAll(overwritten);
        temporaries = take(frame.temporaries(), free, saved);
        for (Gp each : overwritten) {
            int taken = CONVENTION.indexOf(each);
            if (frame.arguments() > taken) {
                arguments[taken] = take(1, free, saved)[0];
            }
        }
    }

    /** Returns the registers that instructions without a choice of registers overwrite. */
    private static List<Gp> overwritten(Lowering.Frame frame) {
        List<Gp> overwritten = new ArrayList<>();
        if (frame.readsTime()) {
            overwritten.add(TIME_HIGH);
        }
        if (frame.shifts()) {
            overwritten.add(SHIFT);
        }
        return overwritten;
    }

    private Gp[] take(int count, ArrayDeque<Gp> free, ArrayDeque<Gp> saved) {
        Gp[] taken = new Gp[count];
        for (int i = 0; i < count; i++) {
            if (free.isEmpty()) {
                pushed.add(saved.getFirst());
                free.add(saved.removeFirst());
            }
            taken[i] = free.removeFirst();
        }
        return taken;
    }

    private Label local(String name) {
        return new Label(name + "_" + locals++);
    }

    private void emit(Insn insn) {
        buffer.emit(insn);
    }

    /** Returns a field of the area; the slot's register holds the area's offset until the index is read. */
    private Address area(int field) {
        return target.words() == null ? Address.thread(target.rseqOffsetBytes() + field) : Address.thread(SLOT, field);
    }

    @Override
    public void enter(int restarts) {
        for (Gp register : pushed) {
            emit(X64.push(register));
        }
        for (int i = 0; i < arguments.length; i++) {
            if (arguments[i] != CONVENTION.get(i)) {
                emit(X64.op(Op.MOV, 8, arguments[i], CONVENTION.get(i)));
            }
        }
        emit(X64.store(4, RESTARTS, restarts).with(Effect.STACK));
    }

    @Override
    public void arm(Label descriptor, Label start) {
        if (target.words() != null) {
            emit(X64.load(SLOT, target.words().area(), 0));
        }
        emit(X64.lea(scratches[0], descriptor));
        emit(X64.op(Op.MOV, 8, area(RseqArea.RSEQ_CS), scratches[0]).with(Effect.ARM));
        buffer.bind(start);
    }

    @Override
    public void checkRegistered(Label unregistered) {
        emit(X64.op(Op.CMP, 4, area(RseqArea.CPU_ID), 0).with(Effect.READ));
        emit(X64.jump(Jump.JS, unregistered).with(Effect.CHECK_REGISTERED));
    }

    @Override
    public void loadSlot(Label outOfRange) {
        Target.Words words = target.words();
        if (words == null) {
            emit(X64.load(4, SLOT, area(target.index().offsetBytes())).with(Effect.READ_INDEX));
            emit(X64.op(Op.CMP, 4, SLOT, target.limit()));
        } else {
            emit(X64.load(SLOT, words.index(), 0));
            emit(X64.load(4, SLOT, Address.thread(SLOT, 0)).with(Effect.READ_INDEX));
            emit(X64.compare(SLOT, words.limit()));
        }
        emit(X64.jump(Jump.JAE, outOfRange).with(Effect.CHECK_INDEX));
        emit(X64.shiftLeft(SLOT, target.strideShift()));
    }

    @Override
    public void step(Step step, Exits exits) {
        step.accept(this, exits);
    }

    @Override
    public void load(Step.Load load, Exits exits) {
        emit(X64.load(load.width().bytes(), temporary(load.target()), address(load.from())));
    }

    @Override
    public void store(Step.Store store, Exits exits) {
        store(store.to(), store.value(), store.width(), Effect.STORE);
    }

    @Override
    public void add(Step.Add add, Exits exits) {
        compute(Op.ADD, temporary(add.target()), add.value());
    }

    @Override
    public void subtract(Step.Subtract subtract, Exits exits) {
        compute(Op.SUB, temporary(subtract.target()), subtract.value());
    }

    @Override
    public void and(Step.And and, Exits exits) {
        compute(Op.AND, temporary(and.target()), and.value());
    }

    @Override
    public void address(Step.Address place, Exits exits) {
        emit(X64.lea(temporary(place.target()), address(place.place())));
    }

    @Override
    public void move(Step.Move move, Exits exits) {
        Gp to = temporary(move.target());
        Gp from = value(move.value(), to);
        if (from != to) {
            emit(X64.op(Op.MOV, 8, to, from));
        }
    }

    @Override
    public void commitStore(Step.CommitStore commit, Exits exits) {
        store(commit.to(), commit.value(), commit.width(), Effect.COMMIT);
    }

    private Gp temporary(Reg register) {
        return temporaries[register.number()];
    }

    /** Returns the register that holds a value: its own, or the scratch register into which it is loaded here. */
    private Gp value(Operand operand, Gp scratch) {
        if (operand instanceof Imm(long value)) {
            emit(X64.constant(scratch, value));
            return scratch;
        }
        Reg register = (Reg) operand;
        if (!register.isArgument()) {
            return temporary(register);
        }
        if (register.number() < arguments.length) {
            return arguments[register.number()];
        }
        int slots = pushed.size() + 1 + register.number() - arguments.length;
        emit(X64.load(8, scratch, Address.of(Gp.RSP, slots * Long.BYTES)));
        return scratch;
    }

    /** Returns a place as an address operand; the first scratch register holds the part that does not fit. */
    private Address address(Mem mem) {
        Gp base = value(mem.base(), scratches[0]);
        Reg index = mem.index();
        if (mem.perCpu() && index == null) {
            return new Address(base, SLOT, 1, mem.displacementBytes());
        }
        if (mem.perCpu()) {
            emit(X64.lea(scratches[0], new Address(base, SLOT, 1, 0)));
            base = scratches[0];
        }
        return new Address(base, index == null ? null : value(index, scratches[scratches.length - 1]), mem.scale(),
                mem.displacementBytes());
    }

    private void store(Mem to, Operand value, Width width, Effect effect) {
        Address address = address(to);
        if (value instanceof Imm(long constant) && (width == Width.INT || X64.isInt(constant))) {
            emit(X64.store(width.bytes(), address, signed(constant)).with(effect));
        } else {
            emit(X64.op(Op.MOV, width.bytes(), address, value(value, scratches[1])).with(effect));
        }
    }

    @Override
    public void commitAdd(Step.CommitAdd commit, Exits exits) {
        Address address = address(commit.to());
        int bytes = commit.width().bytes();
        if (commit.value() instanceof Imm(long constant) && (bytes == 4 || X64.isInt(constant))) {
            emit(X64.op(Op.ADD, bytes, address, signed(constant)).with(Effect.COMMIT));
        } else {
            emit(X64.op(Op.ADD, bytes, address, value(commit.value(), scratches[1])).with(Effect.COMMIT));
        }
    }

    @Override
    public void commitAddPair(CommitAddPair commit, Exits exits) {
        emit(X64.move(Xmm.XMM0, value(commit.value(), scratches[1])));
        emit(X64.move(Xmm.XMM1, value(commit.second(), scratches[1])));
        emit(X64.joinLower(Xmm.XMM0, Xmm.XMM1));
        Address address = address(commit.to());
        emit(X64.loadPair(Xmm.XMM1, address));
        emit(X64.addPair(Xmm.XMM1, Xmm.XMM0));
        emit(X64.storePair(address, Xmm.XMM1).with(Effect.COMMIT));
    }

    @Override
    public void commitAddDouble(CommitAddDouble commit, Exits exits) {
        Address address = address(commit.to());
        emit(X64.move(Xmm.XMM0, value(commit.value(), scratches[1])));
        emit(X64.addDouble(Xmm.XMM0, address));
        emit(X64.storeDouble(address, Xmm.XMM0).with(Effect.COMMIT));
    }

    /** Returns a constant's lower half, sign-extended. An operation of 4 bytes uses only this half. */
    private static long signed(long constant) {
        return (int) constant;
    }

    private void compute(Op op, Gp to, Operand value) {
        if (value instanceof Imm(long constant) && X64.isInt(constant)) {
            emit(X64.op(op, 8, to, constant));
        } else {
            emit(X64.op(op, 8, to, value(value, scratches[1])));
        }
    }

    @Override
    public void exitIf(Step.ExitIf exit, Exits exits) {
        int bytes = exit.width().bytes();
        Gp left = value(exit.left(), scratches[0]);
        if (exit.right() instanceof Imm(long constant) && (bytes == 4 || X64.isInt(constant))) {
            emit(X64.op(Op.CMP, bytes, left, bytes == 4 ? signed(constant) : constant));
        } else {
            emit(X64.op(Op.CMP, bytes, left, value(exit.right(), scratches[1])));
        }
        emit(X64.jump(jump(exit.condition()), exits.exit(exit.exit())));
    }

    private static Jump jump(Condition condition) {
        return switch (condition) {
            case EQUAL -> Jump.JE;
            case NOT_EQUAL -> Jump.JNE;
            case BELOW -> Jump.JB;
            case ABOVE_OR_EQUAL -> Jump.JAE;
        };
    }

    @Override
    public void copy(Step.Copy copy, Exits exits) {
        Gp data = scratches[1];
        Gp next = scratches[2];
        Gp position = scratches[3];
        Label words = local("copy_words");
        Label tail = local("copy_tail");
        Label done = local("copy_done");
        emit(X64.op(Op.CMP, 8, value(copy.lengthBytes(), data), copy.maxBytes()));
        emit(X64.jump(Jump.JA, exits.outOfRange()));
        emit(X64.lea(scratches[0], address(copy.to())));
        Gp to = scratches[0];
        Gp from = value(copy.from(), data);
        Gp length = value(copy.lengthBytes(), data);
        emit(X64.constant(position, 0));
        buffer.bind(words);
        emit(X64.lea(next, Address.of(position, Long.BYTES)));
        emit(X64.op(Op.CMP, 8, next, length));
        emit(X64.jump(Jump.JA, tail));
        emit(X64.load(8, data, new Address(from, position, 1, 0)));
        emit(X64.op(Op.MOV, 8, new Address(to, position, 1, 0), data).with(Effect.STORE));
        emit(X64.op(Op.MOV, 8, position, next).with(Effect.COUNT));
        emit(X64.jump(words).bounded(copy.maxBytes() / Long.BYTES + 1));
        buffer.bind(tail);
        emit(X64.op(Op.CMP, 8, position, length));
        emit(X64.jump(Jump.JAE, done));
        emit(X64.loadByte(data, new Address(from, position, 1, 0)));
        emit(X64.storeByte(new Address(to, position, 1, 0), data));
        emit(X64.increment(position));
        emit(X64.jump(tail).bounded(Long.BYTES));
        buffer.bind(done);
    }

    @Override
    public void timestamp(Step.Timestamp timestamp, Exits exits) {
        if (timestamp.isOrdered()) {
            emit(X64.loadFence());
        }
        emit(X64.readTimestamp());
        emit(X64.shiftLeft(TIME_HIGH, Integer.SIZE));
        emit(X64.op(Op.OR, 8, Gp.RAX, TIME_HIGH));
        emit(X64.op(Op.MOV, 8, temporary(timestamp.target()), Gp.RAX));
    }

    @Override
    public void bucket(Bucket bucket, Exits exits) {
        Gp number = temporary(bucket.target());
        Gp value = value(bucket.value(), number);
        int bits = bucket.significantBits();
        emit(X64.op(Op.MOV, 8, SHIFT, value));
        emit(X64.op(Op.OR, 8, SHIFT, 1L << bits));
        emit(X64.highestBit(SHIFT, SHIFT));
        emit(X64.op(Op.SUB, 4, SHIFT, bits));
        if (value != number) {
            emit(X64.op(Op.MOV, 8, number, value));
        }
        emit(X64.shiftRight(number));
        emit(X64.shiftLeft(SHIFT, bits));
        emit(X64.op(Op.ADD, 8, number, SHIFT));
    }

    @Override
    public void delay(Step.Delay delay, Exits exits) {
        Gp left = scratches[0];
        Label again = local("delay");
        Label done = local("delayed");
        Gp iterations = value(delay.iterations(), left);
        if (iterations != left) {
            emit(X64.op(Op.MOV, 8, left, iterations));
        }
        emit(X64.op(Op.CMP, 8, left, delay.max()));
        emit(X64.jump(Jump.JA, exits.outOfRange()));
        emit(X64.op(Op.TEST, 8, left, left));
        emit(X64.jump(Jump.JE, done));
        buffer.bind(again);
        emit(X64.decrement(left));
        emit(X64.jump(Jump.JNE, again).bounded(delay.max()));
        buffer.bind(done);
    }

    @Override
    public void leave(Operand result) {
        if (result instanceof Imm(long constant)) {
            emit(X64.constant(Gp.RAX, constant));
        } else {
            Gp from = value(result, Gp.RAX);
            if (from != Gp.RAX) {
                emit(X64.op(Op.MOV, 8, Gp.RAX, from));
            }
        }
        for (Gp register : pushed.reversed()) {
            emit(X64.pop(register));
        }
        emit(X64.ret());
    }

    @Override
    public void abort(Label abort, Label aborts, int restarts, Label retry) {
        emit(X64.signature(Architecture.X64.signature()));
        buffer.bind(abort);
        emit(X64.lockIncrement(aborts));
        emit(X64.decrement(RESTARTS));
        emit(X64.jump(Jump.JNS, retry).bounded(Math.max(1, restarts)));
    }

    @Override
    public void returnThreadPointer() {
        emit(X64.load(8, Gp.RAX, Address.thread(0)));
        emit(X64.ret());
    }

    @Override
    public void returnAreaField() {
        emit(X64.load(8, Gp.RAX, Address.thread(0)));
        emit(X64.loadSigned(Gp.RAX, new Address(Gp.RAX, CONVENTION.getFirst(), 1, area(0).displacement())));
        emit(X64.ret());
    }

    @Override
    public void increment(Label counter) {
        emit(X64.lockIncrement(counter));
    }

    @Override
    public void systemCall(SystemCall call, long... arguments) {
        for (int i = 0; i < arguments.length; i++) {
            emit(X64.constant(CONVENTION.get(i), arguments[i]));
        }
        emit(X64.constant(Gp.RAX, call.number(Architecture.X64)));
        emit(X64.systemCall());
    }

    @Override
    public void synchroniseCode() {
        // Instruction fetch sees every store (AMD64 manual, volume 1, "Self-Modifying Code").
        leave(Operand.imm(0));
    }

    @Override
    public void replaceInstruction(Label cell) {
        emit(X64.load(Gp.RAX, cell, 0));
        emit(X64.load(Gp.RCX, cell, Long.BYTES));
        // The processor that takes the trap runs the handler, and returning from it serialises.
        emit(X64.storeByte(Address.of(Gp.RAX, 0), Gp.RCX).with(Effect.STACK));
    }
}
