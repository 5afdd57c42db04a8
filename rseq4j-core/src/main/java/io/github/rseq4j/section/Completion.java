package io.github.rseq4j.section;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.ir.Bucket;
import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.ir.Operand.Reg;
import io.github.rseq4j.ir.Section;
import io.github.rseq4j.ir.Status;
import io.github.rseq4j.ir.Step;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.Arrays;
import java.util.List;

/** Makes the handle of a user's chain. It returns a value or an exit; other statuses it finishes, or throws. */
final class Completion {
    /* How it works
     *
     *   handle(a0, ...) = let status = function(a0, ...) in isFinal(status) ? status : complete(status, {a0, ...})
     *
     * It is a tree of method handles, which C2 inlines where the handle is a constant: beside the downcall a comparison
     * of the status remains. Only the branch to complete allocates the array.
     */
    /** The exit of a negative result, which a section with a result takes before its commit. */
    static final int NEGATIVE_RESULT = Section.MAX_EXITS - 2;
    /** The exit of places that overlap although {@link SectionBuilder#disjoint} states that they do not. */
    static final int OVERLAP = Section.MAX_EXITS - 1;

    private final Engine engine;
    private final Chain chain;
    private final List<List<String>> disjoint;

    private Completion(Engine engine, Chain chain, List<List<String>> disjoint) {
        this.engine = engine;
        this.chain = chain;
        this.disjoint = disjoint;
    }

    /**
     * Returns the handle of a chain.
     *
     * @param engine runs the chain
     * @param chain the chain
     * @param disjoint for each section, the pairs of places that must be disjoint
     */
    static MethodHandle handle(Engine engine, Chain chain, List<List<String>> disjoint) {
        MethodHandle function = engine.handle(chain);
        MethodHandles.Lookup own = MethodHandles.lookup();
        try {
            MethodHandle isFinal = own.findStatic(Completion.class, "isFinal",
                    MethodType.methodType(boolean.class, long.class));
            MethodHandle complete = own.findVirtual(Completion.class, "complete",
                            MethodType.methodType(long.class, long.class, long[].class))
                    .bindTo(new Completion(engine, chain, disjoint)).asCollector(1, long[].class, chain.arguments());
            MethodHandle status = MethodHandles.dropArguments(MethodHandles.identity(long.class), 1,
                    function.type().parameterList());
            return MethodHandles.foldArguments(MethodHandles.guardWithTest(isFinal, status, complete), function);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("chain=" + chain.name() + " cannot be linked", e);
        }
    }

    /** Tells whether a status is a result or one of the user's exits. */
    static boolean isFinal(long status) {
        int code = Status.code(status);
        return status >= 0 || code >= Status.EXIT && code < Status.EXIT + NEGATIVE_RESULT;
    }

    /** Finishes a call whose status is not final, or throws. Called by the handle. */
    long complete(long status, long[] arguments) {
        long finished = status;
        if (Status.code(finished) == Status.OUT_OF_RANGE) {
            // Checked before the engine runs the steps on another copy, whose words might let the call pass.
            requireInBounds(Status.completed(finished), arguments);
        }
        if (Status.code(finished) < Status.EXIT) {
            finished = engine.complete(chain, finished, arguments);
        }
        if (isFinal(finished)) {
            return finished;
        }
        int completed = Status.completed(finished);
        if (Status.code(finished) == Status.OUT_OF_RANGE) {
            requireInBounds(completed, arguments);
            throw new IllegalStateException(where(completed) + ": a length or a delay that the section loaded is above"
                    + " its bound");
        }
        if (Status.code(finished) == Status.EXIT + OVERLAP) {
            requireInBounds(completed, arguments);
            throw new IllegalArgumentException(where(completed) + ", arguments=" + Arrays.toString(arguments)
                    + ": places overlap that must be disjoint, one of " + String.join(", ", disjoint.get(completed))
                    + "; this section has committed nothing");
        }
        throw new ArithmeticException(where(completed) + ": the result would have been negative, must be 0 or more;"
                + " this section has committed nothing");
    }

    private String where(int completed) {
        return "section=" + chain.sections().get(completed).name() + ", completed=" + completed;
    }

    /** Throws an exception that names the argument that is above the bound of a copy or a delay, if one is. */
    private void requireInBounds(int completed, long[] arguments) {
        for (Step step : chain.sections().get(completed).steps()) {
            switch (step) {
                case Step.Copy copy -> requireInBounds(completed, step, copy.lengthBytes(), copy.maxBytes(), arguments);
                case Step.Delay delay -> requireInBounds(completed, step, delay.iterations(), delay.max(), arguments);
                // They have no bound.
                case Step.Load _, Step.Store _, Step.Arithmetic _, Step.Address _, Step.Move _, Step.Timestamp _,
                        Bucket _, Step.ExitIf _, Step.Commit _ -> { }
            }
        }
    }

    private void requireInBounds(int completed, Step step, Reg reg, int max, long[] arguments) {
        if (reg.isArgument() && Long.compareUnsigned(arguments[reg.number()], max) > 0) {
            throw new IllegalArgumentException(where(completed) + ", step (" + step + "): " + reg + "="
                    + arguments[reg.number()] + ", must be 0 to " + max);
        }
    }
}
