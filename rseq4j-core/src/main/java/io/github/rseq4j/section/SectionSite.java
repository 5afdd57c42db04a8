package io.github.rseq4j.section;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.proof.SimulationProof;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.invoke.MutableCallSite;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The call site of a section, of type {@code (long[])long}. The first call links the function: it admits the chain to
 * the engine, which emits its code.
 */
final class SectionSite extends MutableCallSite {
    /* How it works
     *
     * C2 treats the target of a known call site as a constant, and compiles its callers again when the target changes.
     * So a call through the site becomes the downcall itself, without the array of arguments, and still no code is
     * emitted before the first call. Two threads may link at once: both get the same function from the engine.
     */
    private static final MethodType TYPE = MethodType.methodType(long.class, long[].class);
    private static final MethodHandle FIRST_CALL = firstCall();

    private final SimulationProof proof;
    private final List<List<String>> disjoint;
    private volatile @Nullable MethodHandle handle;

    /**
     * Makes a site that is not linked.
     *
     * @param proof the proof of the chain
     * @param disjoint for each section, the pairs of places that must be disjoint
     */
    SectionSite(SimulationProof proof, List<List<String>> disjoint) {
        super(TYPE);
        this.proof = proof;
        this.disjoint = disjoint;
        setTarget(FIRST_CALL.bindTo(this));
    }

    private static MethodHandle firstCall() {
        try {
            return MethodHandles.lookup().findVirtual(SectionSite.class, "linkAndCall", TYPE);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("linkAndCall cannot be found", e);
        }
    }

    long linkAndCall(long[] arguments) throws Throwable {
        MethodHandle linked = handle();
        assert linked.type().parameterCount() == arguments.length;
        return (long) getTarget().invokeExact(arguments);
    }

    /**
     * Returns the function, which the first call links.
     *
     * @throws IllegalStateException when the engine takes no more chains
     */
    MethodHandle handle() {
        MethodHandle found = handle;
        if (found == null) {
            Chain chain = proof.chain();
            Engine engine = Engine.get();
            engine.admit(proof);
            found = Completion.handle(engine, chain, disjoint);
            setTarget(found.asSpreader(long[].class, chain.arguments()));
            handle = found;
        }
        return found;
    }
}
