package io.github.rseq4j.machine.aarch64;

import static io.github.rseq4j.machine.aarch64.A64Steps.ARGUMENTS;
import static io.github.rseq4j.machine.aarch64.A64Steps.S0;
import static io.github.rseq4j.machine.aarch64.A64Steps.S1;
import static io.github.rseq4j.machine.aarch64.A64Steps.S2;
import static io.github.rseq4j.machine.aarch64.A64Steps.S3;
import static io.github.rseq4j.machine.aarch64.A64Steps.SLOT;

import io.github.rseq4j.ir.Operand;
import io.github.rseq4j.ir.Step;
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
import java.util.function.Function;

/** Writes functions for A64 under the procedure call standard for it (AAPCS64). */
final class A64Assembler implements Assembler {
    /* How it works
     *
     * From the function's entry on, x15 holds the address of the rseq area, and x14 the number of restarts that are
     * left. Both survive an abort, because the kernel changes only the program counter. A64Steps has the other
     * registers.
     *
     * Written code is synchronised in five steps (Arm ARM, B2.4.4, "Concurrent modification and execution of
     * instructions"), line by line, with the smallest line that CTR_EL0 can report, 16 bytes:
     *   dc cvau  cleans the line from the data cache, to the point of unification
     *   dsb      waits for that
     *   ic ivau  invalidates the line in the instruction caches of the inner shareable domain
     *   dsb      waits for that
     *   isb      empties the pipeline of this processor
     * Other processors have not fetched from these addresses, which were not executable before.
     *
     * The abort handler counts with a pair of exclusive instructions, so Armv8.0 is enough. It tries a bounded number
     * of times, and then does not count the abort (I4).
     */
    private static final Gp AREA = Gp.X15;
    private static final Gp RESTARTS = Gp.X14;
    private static final Gp RESULT = Gp.X0;
    private static final Gp SYSTEM_CALL = Gp.X8;
    private static final int COUNT_TRIES = 64;

    private final Target target;
    private final CodeBuffer buffer;
    private final A64Steps steps;

    A64Assembler(Target target, Lowering.Frame frame, CodeBuffer buffer) {
        this.target = target;
        this.buffer = buffer;
        this.steps = new A64Steps(frame, buffer);
    }

    private void emit(Insn insn) {
        buffer.emit(insn);
    }

    @Override
    public void step(Step step, Exits exits) {
        step.accept(steps, exits);
    }

    private void area() {
        Target.Words words = target.words();
        emit(A64.threadPointer(AREA));
        if (words != null) {
            emit(A64.load(S0, words.area()));
            emit(A64.add(8, AREA, AREA, S0, 0));
        } else if (target.rseqOffsetBytes() != 0) {
            steps.addConstant(AREA, AREA, target.rseqOffsetBytes(), S0);
        }
    }

    @Override
    public void enter(int restarts) {
        for (Gp register : steps.pushed()) {
            emit(A64.push(register));
        }
        area();
        steps.constant(RESTARTS, restarts);
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
            steps.compare(4, SLOT, target.limit(), S0);
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

    @Override
    public void leave(Operand result) {
        steps.move(RESULT, result);
        for (Gp register : steps.pushed().reversed()) {
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
        Label again = steps.local("count");
        Label counted = steps.local("counted");
        emit(A64.address(S0, counter));
        steps.constant(S3, COUNT_TRIES);
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
            steps.constant(ARGUMENTS.get(i), arguments[i]);
        }
        steps.constant(SYSTEM_CALL, call.number(Architecture.AARCH64));
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

    /** Arguments: x0 is the address, x1 the number of lines. */
    private void overLines(Function<Gp, Insn> maintenance) {
        Label again = steps.local("line");
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
