package io.github.rseq4j.engine;

import io.github.rseq4j.interpreter.Arguments;
import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.ir.Section;
import io.github.rseq4j.ir.Status;
import io.github.rseq4j.kernel.Native;
import java.lang.invoke.MethodHandle;
import java.util.List;

/** Finishes calls of emitted functions that returned before their work was done. */
final class Completion {
    /* How it works
     *
     * A thread that has no registration yet gets one, where that is for us to do, and the operation is tried again. A
     * thread that cannot have one, or with an index beyond the memory, cannot run a section. Its operation runs step by
     * step at one more index, which no section ever uses, under a lock: slow, rare and exact. Sums read that copy like
     * the others.
     */
    /** How many carrier threads an operation may find unregistered, one after the other, before it gives up on that. */
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
     * @param status what it returned
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

    /** A carrier thread that was registered may not be the one that the operation finds next. */
    private boolean isTriedAgain(long status, int joins) {
        int code = Status.code(status);
        if (code == Status.ABORTED) {
            Thread.onSpinWait();
            return true;
        }
        return code == Status.UNREGISTERED && engine.registers() && joins < MAX_JOINS && engine.join() == 0;
    }

    /** Returns what is left of a chain when some of its sections were committed. */
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
