package io.github.rseq4j.machine.aarch64;

import io.github.rseq4j.ir.Width;
import io.github.rseq4j.kernel.Architecture;
import io.github.rseq4j.kernel.SystemCall;
import io.github.rseq4j.machine.CodeBuffer;
import io.github.rseq4j.machine.Effect;
import io.github.rseq4j.machine.Insn;
import io.github.rseq4j.machine.Label;
import io.github.rseq4j.machine.Routines;
import io.github.rseq4j.machine.aarch64.A64.Access;
import io.github.rseq4j.machine.aarch64.A64.Condition;

/** Writes routines for A64 under the procedure call standard for it (AAPCS64). */
final class A64Routines implements Routines {
    /* How it works
     *
     * The variables lie at the stack pointer, in their order; x9 and x10 are scratch registers, and hold nothing
     * between two operations. Frames are linked by x29, as the standard requires. Their size is a multiple of 16 bytes.
     */
    private static final Gp[] ARGUMENTS = {Gp.X0, Gp.X1, Gp.X2, Gp.X3, Gp.X4, Gp.X5, Gp.X6, Gp.X7};
    private static final Gp RESULT = Gp.X0;
    private static final Gp A = Gp.X9;
    private static final Gp B = Gp.X10;
    private static final Gp POINTER = Gp.X16;
    private static final Gp NUMBER = Gp.X8;
    private static final int MAX_COMPARED = 0xFFF;

    private final CodeBuffer buffer;

    A64Routines(CodeBuffer buffer) {
        this.buffer = buffer;
    }

    private void emit(Insn insn) {
        buffer.emit(insn);
    }

    private void load(Gp to, int local) {
        emit(A64.memory(Access.LOAD, to, Gp.SP, (long) local * Long.BYTES));
    }

    private void store(int local, Gp from) {
        emit(A64.memory(Access.STORE, from, Gp.SP, (long) local * Long.BYTES).with(Effect.STACK));
    }

    private void constant(Gp to, long value) {
        A64.constant(to, value).forEach(this::emit);
    }

    private void load(Gp to, Input input) {
        switch (input.kind()) {
            case LOCAL -> load(to, (int) input.value());
            case CONSTANT -> constant(to, input.value());
            case ADDRESS -> emit(A64.add(to, Gp.SP, input.value() * Long.BYTES));
        }
    }

    private void loadArguments(Input... inputs) {
        for (int i = 0; i < inputs.length; i++) {
            load(ARGUMENTS[i], inputs[i]);
        }
    }

    private void dropFrame() {
        emit(A64.moveStackPointer(Gp.SP, Gp.FRAME).with(Effect.STACK));
        emit(A64.popFrame());
    }

    @Override
    public void enter(Label function, int arguments, int locals) {
        buffer.bind(function);
        emit(A64.pushFrame());
        emit(A64.moveStackPointer(Gp.FRAME, Gp.SP));
        emit(A64.add(Gp.SP, Gp.SP, -(locals + 1 & -2) * (long) Long.BYTES).with(Effect.STACK));
        for (int i = 0; i < arguments; i++) {
            store(i, ARGUMENTS[i]);
        }
    }

    @Override
    public void leave(int local) {
        load(RESULT, local);
        dropFrame();
        emit(A64.ret());
    }

    @Override
    public void leaveTo(int pointer, Input... inputs) {
        load(POINTER, pointer);
        loadArguments(inputs);
        dropFrame();
        emit(A64.leaveTo(POINTER));
    }

    @Override
    public void bind(Label label) {
        buffer.bind(label);
    }

    @Override
    public void set(int to, Input input) {
        load(A, input);
        store(to, A);
    }

    @Override
    public void add(int to, int constant) {
        load(A, to);
        constant(B, constant);
        emit(A64.add(8, A, A, B, 0));
        store(to, A);
    }

    @Override
    public void shiftLeft(int to, int bits) {
        load(A, to);
        emit(A64.shiftLeft(A, A, bits));
        store(to, A);
    }

    @Override
    public void address(int to, Label label) {
        emit(A64.address(A, label));
        store(to, A);
    }

    @Override
    public void loadWord(int to, Label word) {
        emit(A64.load(A, word));
        store(to, A);
    }

    @Override
    public void storeWord(Label word, int from) {
        load(A, from);
        emit(A64.address(B, word));
        emit(A64.memory(Access.STORE, A, B, 0).with(Effect.WRITE));
    }

    @Override
    public void addThreadPointer(int to) {
        load(A, to);
        emit(A64.threadPointer(B));
        emit(A64.add(8, A, A, B, 0));
        store(to, A);
    }

    @Override
    public void subtract(int to, int from) {
        load(A, to);
        load(B, from);
        emit(A64.subtract(8, A, A, B));
        store(to, A);
    }

    @Override
    public void load(int to, int pointer, int offset, Width width) {
        load(A, pointer);
        emit(A64.memory(width == Width.INT ? Access.LOAD_SIGNED : Access.LOAD, A, A, offset));
        store(to, A);
    }

    @Override
    public void store(int pointer, int offset, int from, Width width) {
        load(A, pointer);
        load(B, from);
        emit(A64.memory(Access.store(width.bytes()), B, A, offset).with(Effect.WRITE));
    }

    @Override
    public void branch(Label label) {
        emit(A64.branch(label));
    }

    private void branch(Condition condition, int local, int constant, Label label) {
        load(A, local);
        if (constant >= 0 && constant <= MAX_COMPARED) {
            emit(A64.compare(8, A, (long) constant));
        } else {
            constant(B, constant);
            emit(A64.compare(8, A, B));
        }
        emit(A64.branch(condition, label));
    }

    @Override
    public void branchIf(int local, int constant, Label label) {
        branch(Condition.EQ, local, constant, label);
    }

    @Override
    public void branchUnless(int local, int constant, Label label) {
        branch(Condition.NE, local, constant, label);
    }

    @Override
    public void branchIfNegative(int local, Label label) {
        branch(Condition.LT, local, 0, label);
    }

    @Override
    public void branchIfSame(int local, int other, Label label) {
        load(A, local);
        load(B, other);
        emit(A64.compare(8, A, B));
        emit(A64.branch(Condition.EQ, label));
    }

    @Override
    public void systemCall(int result, SystemCall call, Input... inputs) {
        loadArguments(inputs);
        constant(NUMBER, call.number(Architecture.AARCH64));
        emit(A64.systemCall());
        store(result, RESULT);
    }

    @Override
    public void call(int result, Label function, Input... inputs) {
        loadArguments(inputs);
        emit(A64.call(function));
        store(result, RESULT);
    }

    @Override
    public void callTo(int result, int pointer, Input... inputs) {
        load(POINTER, pointer);
        loadArguments(inputs);
        emit(A64.call(POINTER));
        store(result, RESULT);
    }
}
