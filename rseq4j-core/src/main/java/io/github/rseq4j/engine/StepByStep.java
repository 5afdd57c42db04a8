package io.github.rseq4j.engine;

import io.github.rseq4j.interpreter.AddressSpace;
import io.github.rseq4j.interpreter.Arguments;
import io.github.rseq4j.interpreter.Interpreter;
import io.github.rseq4j.ir.Chain;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.Arrays;

/**
 * Runs chains on native memory step by step, for threads that cannot run sections. It works under a lock, on an
 * additional copy whose index no section uses.
 */
final class StepByStep {
    private final NativeEngine engine;
    private final Object lock = new Object();

    StepByStep(NativeEngine engine) {
        this.engine = engine;
    }

    /**
     * Runs a chain, or the last sections of it.
     *
     * @param chain the chain
     * @param from the first section that runs
     * @param arguments the function's arguments
     * @return the status, as the emitted function would return it
     */
    long run(Chain chain, int from, Arguments arguments) {
        synchronized (lock) {
            return new Interpreter(AddressSpace.RAW, Engine.STRIDE_SHIFT, engine::timestamp).run(chain, from, arguments,
                    engine.target().limit(), Interpreter.Interruption.NEVER);
        }
    }

    // Called only through its handle.
    @SuppressWarnings("UnusedMethod")
    private long run(Chain chain, int segment, Object[] arguments) {
        return run(chain, 0, Arguments.of(segment, arguments));
    }

    /**
     * Returns a handle of the emitted function's type.
     *
     * @param chain the chain
     * @param segment the number of the argument that is a segment, or {@link Arguments#NONE}
     */
    MethodHandle handle(Chain chain, int segment) {
        Class<?>[] parameters = new Class<?>[chain.arguments()];
        Arrays.fill(parameters, long.class);
        if (segment != Arguments.NONE) {
            parameters[segment] = MemorySegment.class;
        }
        try {
            MethodHandle run = MethodHandles.lookup().findVirtual(StepByStep.class, "run",
                    MethodType.methodType(long.class, Chain.class, int.class, Object[].class));
            return MethodHandles.insertArguments(run, 0, this, chain, segment)
                    .asCollector(Object[].class, chain.arguments())
                    .asType(MethodType.methodType(long.class, parameters));
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Waits until each chain that is running has ended: no fence aborts it. */
    void await() {
        synchronized (lock) {
            // Empty: the former holders of the lock have ended, and their writes are visible from here on.
        }
    }
}
