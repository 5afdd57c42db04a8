package io.github.rseq4j.engine;

import io.github.rseq4j.interpreter.Arguments;
import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.ir.Section;
import io.github.rseq4j.ir.Status;
import io.github.rseq4j.kernel.Native;
import java.lang.invoke.MethodHandle;
import java.util.List;

/** Finishes calls of emitted functions that returned without a result or an exit. */
final class Completion {
    /* How it works
     *
     * A thread without a registration is registered, if rseq4j registers threads, and the call is tried again. A thread
     * that cannot be registered, or whose index is beyond the memory, cannot run a section. Its chain runs step by
     * step, under a lock, on an additional copy whose index no section uses: slow, rare and exact. Sums include that
     * copy.
     */
    /** The most unregistered carrier threads that one call joins, one after the other, before it runs step by step. */
    private static final int MAX_JOINS = 100;

    private final NativeEngine engine;
    private final StepByStep stepByStep;

    Completion(NativeEngine engine, StepByStep stepByStep) {
        this.engine = engine;
        this.stepByStep = stepByStep;
    }

    /**
     * Does what {@link Engine#complete} does.
     *
     * @param chain the chain
     * @param status the status that the function returned
     * @param arguments the arguments it was called with
     */
    long complete(Chain chain, long status, Arguments arguments) {
        Chain rest = chain;
        long result = status;
        for (int joins = 0; result < 0 && isTriedAgain(result, joins);) {
            joins += Status.code(result) == Status.UNREGISTERED ? 1 : 0;
            rest = rest(rest, Status.completed(result));
            result = invoke(rest, arguments);
        }
        if (result < 0 && Status.code(result) < Status.EXIT) {
            result = stepByStep.run(rest, Status.completed(result), arguments);
        }
        int before = chain.sections().size() - rest.sections().size();
        return result >= 0 ? result : Status.failure(Status.code(result), before + Status.completed(result));
    }

    /** Tells whether a call is tried again. After a join, a virtual thread may run on another carrier thread. */
    private boolean isTriedAgain(long status, int joins) {
        int code = Status.code(status);
        if (code == Status.ABORTED) {
            Thread.onSpinWait();
            return true;
        }
        return code == Status.UNREGISTERED && engine.registers() && joins < MAX_JOINS && engine.join() == 0;
    }

    /** Returns the sections of a chain that were not committed, as a chain. */
    private static Chain rest(Chain chain, int completed) {
        List<Section> sections = chain.sections();
        return completed == 0 ? chain : new Chain(chain.name() + "_from_" + completed, chain.arguments(),
                chain.restarts(), sections.subList(completed, sections.size()), chain.index());
    }

    private long invoke(Chain chain, Arguments arguments) {
        int segment = arguments.segment();
        MethodHandle function = segment == Arguments.NONE ? engine.handle(chain) : engine.handle(chain, segment);
        try {
            return (long) function.invokeWithArguments(arguments.boxed());
        } catch (Throwable t) {
            throw Native.rethrown(t);
        }
    }
}
