package io.github.rseq4j.machine.x64;

import io.github.rseq4j.ir.Width;
import io.github.rseq4j.kernel.Architecture;
import io.github.rseq4j.kernel.SystemCall;
import io.github.rseq4j.machine.CodeBuffer;
import io.github.rseq4j.machine.Effect;
import io.github.rseq4j.machine.Insn;
import io.github.rseq4j.machine.Label;
import io.github.rseq4j.machine.Routines;
import io.github.rseq4j.machine.x64.X64.Jump;
import io.github.rseq4j.machine.x64.X64.Op;
import java.util.List;

/** Writes routines for AMD64 under the System V calling convention. */
final class X64Routines implements Routines {
    /* How it works
     *
     * The variables lie at the stack pointer, in their order. Between two operations nothing is in a register. Frames
     * are linked by rbp, so debuggers and profilers find the caller without further tables. A frame has an even number
     * of words, so that the stack is aligned to 16 bytes where the function calls another.
     */
    private static final List<Gp> CONVENTION = List.of(Gp.RDI, Gp.RSI, Gp.RDX, Gp.RCX, Gp.R8, Gp.R9);
    /** The kernel takes its fourth argument elsewhere: syscall overwrites rcx. */
    private static final List<Gp> KERNEL = List.of(Gp.RDI, Gp.RSI, Gp.RDX, Gp.R10, Gp.R8, Gp.R9);

    private final CodeBuffer buffer;

    X64Routines(CodeBuffer buffer) {
        this.buffer = buffer;
    }

    private void emit(Insn insn) {
        buffer.emit(insn);
    }

    private static Address at(int local) {
        return Address.of(Gp.RSP, local * Long.BYTES);
    }

    private void load(Gp to, int local) {
        emit(X64.load(8, to, at(local)));
    }

    private void store(int local, Gp from) {
        emit(X64.op(Op.MOV, 8, at(local), from).with(Effect.STACK));
    }

    private void load(Gp to, Input input) {
        switch (input.kind()) {
            case LOCAL -> load(to, (int) input.value());
            case CONSTANT -> emit(X64.constant(to, input.value()));
            case ADDRESS -> emit(X64.lea(to, at((int) input.value())));
        }
    }

    private void load(List<Gp> registers, Input... inputs) {
        for (int i = 0; i < inputs.length; i++) {
            load(registers.get(i), inputs[i]);
        }
    }

    private void dropFrame() {
        emit(X64.op(Op.MOV, 8, Gp.RSP, Gp.RBP).with(Effect.STACK));
        emit(X64.pop(Gp.RBP));
    }

    @Override
    public void enter(Label function, int arguments, int locals) {
        buffer.bind(function);
        emit(X64.push(Gp.RBP));
        emit(X64.op(Op.MOV, 8, Gp.RBP, Gp.RSP));
        emit(X64.op(Op.ADD, 8, Gp.RSP, -(locals + 1 & -2) * (long) Long.BYTES).with(Effect.STACK));
        for (int i = 0; i < arguments; i++) {
            store(i, CONVENTION.get(i));
        }
    }

    @Override
    public void leave(int local) {
        load(Gp.RAX, local);
        dropFrame();
        emit(X64.ret());
    }

    @Override
    public void leaveTo(int pointer, Input... inputs) {
        load(Gp.RAX, pointer);
        load(CONVENTION, inputs);
        dropFrame();
        emit(X64.leaveTo(Gp.RAX));
    }

    @Override
    public void bind(Label label) {
        buffer.bind(label);
    }

    @Override
    public void set(int to, Input input) {
        load(Gp.RAX, input);
        store(to, Gp.RAX);
    }

    @Override
    public void add(int to, int constant) {
        emit(X64.op(Op.ADD, 8, at(to), constant).with(Effect.STACK));
    }

    @Override
    public void shiftLeft(int to, int bits) {
        load(Gp.RAX, to);
        emit(X64.shiftLeft(Gp.RAX, bits));
        store(to, Gp.RAX);
    }

    @Override
    public void address(int to, Label label) {
        emit(X64.lea(Gp.RAX, label));
        store(to, Gp.RAX);
    }

    @Override
    public void loadWord(int to, Label word) {
        emit(X64.load(Gp.RAX, word, 0));
        store(to, Gp.RAX);
    }

    @Override
    public void storeWord(Label word, int from) {
        load(Gp.RAX, from);
        emit(X64.store(word, Gp.RAX));
    }

    @Override
    public void addThreadPointer(int to) {
        emit(X64.load(8, Gp.RAX, Address.thread(0)));
        emit(X64.op(Op.ADD, 8, at(to), Gp.RAX).with(Effect.STACK));
    }

    @Override
    public void subtract(int to, int from) {
        load(Gp.RAX, from);
        emit(X64.op(Op.SUB, 8, at(to), Gp.RAX).with(Effect.STACK));
    }

    @Override
    public void load(int to, int pointer, int offset, Width width) {
        load(Gp.RAX, pointer);
        Address from = Address.of(Gp.RAX, offset);
        emit(width == Width.INT ? X64.loadSigned(Gp.RAX, from) : X64.load(8, Gp.RAX, from));
        store(to, Gp.RAX);
    }

    @Override
    public void store(int pointer, int offset, int from, Width width) {
        load(Gp.RAX, pointer);
        load(Gp.RCX, from);
        emit(X64.op(Op.MOV, width.bytes(), Address.of(Gp.RAX, offset), Gp.RCX).with(Effect.WRITE));
    }

    @Override
    public void branch(Label label) {
        emit(X64.jump(label));
    }

    private void branch(Jump condition, int local, int constant, Label label) {
        emit(X64.op(Op.CMP, 8, at(local), constant).with(Effect.READ));
        emit(X64.jump(condition, label));
    }

    @Override
    public void branchIf(int local, int constant, Label label) {
        branch(Jump.JE, local, constant, label);
    }

    @Override
    public void branchUnless(int local, int constant, Label label) {
        branch(Jump.JNE, local, constant, label);
    }

    @Override
    public void branchIfNegative(int local, Label label) {
        branch(Jump.JL, local, 0, label);
    }

    @Override
    public void branchIfSame(int local, int other, Label label) {
        load(Gp.RAX, other);
        emit(X64.op(Op.CMP, 8, at(local), Gp.RAX).with(Effect.READ));
        emit(X64.jump(Jump.JE, label));
    }

    @Override
    public void systemCall(int result, SystemCall call, Input... inputs) {
        load(KERNEL, inputs);
        emit(X64.constant(Gp.RAX, call.number(Architecture.X64)));
        emit(X64.systemCall());
        store(result, Gp.RAX);
    }

    @Override
    public void call(int result, Label function, Input... inputs) {
        load(CONVENTION, inputs);
        emit(X64.call(function));
        store(result, Gp.RAX);
    }

    @Override
    public void callTo(int result, int pointer, Input... inputs) {
        load(Gp.RAX, pointer);
        load(CONVENTION, inputs);
        emit(X64.call(Gp.RAX));
        store(result, Gp.RAX);
    }
}
