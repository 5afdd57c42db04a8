package io.github.rseq4j.bench;

import io.github.rseq4j.code.Assembled;
import io.github.rseq4j.code.Assembler;
import io.github.rseq4j.code.CodeBuffer;
import io.github.rseq4j.code.Label;
import io.github.rseq4j.code.Lowering;
import io.github.rseq4j.code.Operand;
import io.github.rseq4j.code.Step;
import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.engine.NativeEngine;
import io.github.rseq4j.kernel.Architecture;
import io.github.rseq4j.kernel.Native;
import java.lang.invoke.MethodHandle;
import java.util.List;
import java.util.Objects;

/** A function that reads the time stamp counter, called critically: what every event with a time pays at least. */
final class Timestamp {
    private static final MethodHandle FUNCTION = link();

    private Timestamp() {}

    private static MethodHandle link() {
        NativeEngine engine = (NativeEngine) Engine.get();
        Lowering lowering = engine.compiler().lowering();
        CodeBuffer buffer = new CodeBuffer();
        Assembler assembler = lowering.assembler(engine.target(), new Lowering.Frame(0, 1, 2, true), buffer);
        assembler.step(new Step.Timestamp(Operand.temp(0)), new Nowhere());
        assembler.leave(Operand.temp(0));
        Architecture host = Objects.requireNonNull(Architecture.host());
        Assembled timestamp = new Assembled("timestamp", host, buffer, List.of(), List.of());
        return Native.critical(engine.code().install(List.of(timestamp)).getFirst().entry(), 0);
    }

    static long read() {
        try {
            return (long) FUNCTION.invokeExact();
        } catch (Throwable t) {
            throw Native.rethrown(t);
        }
    }

    /** The exits of a step that has none. */
    private static final class Nowhere implements Assembler.Exits {
        @Override
        public Label exit(int number) {
            throw new IllegalStateException("exit=" + number);
        }

        @Override
        public Label outOfRange() {
            throw new IllegalStateException("exit=out of range");
        }
    }
}
