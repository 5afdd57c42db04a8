package io.github.rseq4j.cli.selftest.storm;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.ir.Status;
import io.github.rseq4j.kernel.Native;
import io.github.rseq4j.proof.SimulationProof;
import java.lang.invoke.MethodHandle;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/** A chain in a storm: unchanged, or with a delay before one of its steps. Each variant was simulated. */
public final class Operation {
    private static final long SEED = 42;
    /** The percentages of delays of at most a few instructions, and of at most a microsecond. */
    private static final int TINY = 50;
    private static final int SHORT = 45;
    private static final int TINY_ITERATIONS = 16;
    private static final int SHORT_ITERATIONS = 1024;

    private final Engine engine = Engine.get();
    /** The chain, then its variants with a delay. */
    private final List<Chain> variants = new ArrayList<>();
    /** The function of each variant, which takes its arguments as an array. */
    private final List<MethodHandle> functions = new ArrayList<>();

    private Operation(Chain chain) {
        variants.add(chain);
        for (int place = 0; place < Delays.places(chain); place++) {
            variants.add(Delays.ahead(chain, place));
        }
        for (Chain variant : variants) {
            engine.admit(SimulationProof.of(variant, SEED));
            functions.add(engine.handle(variant).asSpreader(long[].class, variant.arguments()));
        }
    }

    /**
     * Simulates and links a chain and its variants with a delay.
     *
     * @param chain the chain
     * @throws IllegalStateException if one of them does not pass the simulation
     */
    public static Operation of(Chain chain) {
        return new Operation(chain);
    }

    /**
     * Runs a variant of the chain once.
     *
     * @param random selects the variant and the length of the delay
     * @param arguments the chain's arguments
     * @return the result, or the status of an exit
     */
    public long call(SplittableRandom random, long... arguments) {
        int variant = random.nextInt(variants.size());
        long[] all = arguments;
        if (variant > 0) {
            all = Arrays.copyOf(arguments, arguments.length + 1);
            all[arguments.length] = iterations(random);
        }
        for (;;) {
            long status = call(functions.get(variant), all);
            if (status >= 0 || Status.code(status) >= Status.EXIT) {
                return status;
            }
            if (Status.code(status) != Status.ABORTED || Status.completed(status) != 0) {
                return engine.complete(variants.get(variant), status, all);
            }
            if (variant > 0) {
                // Under heavy disturbance a section with a long delay might never commit.
                all[arguments.length] /= 2;
            }
        }
    }

    private static long iterations(SplittableRandom random) {
        int kind = random.nextInt(100);
        return random.nextInt(kind < TINY ? TINY_ITERATIONS : kind < TINY + SHORT ? SHORT_ITERATIONS
                : Delays.MAX_ITERATIONS + 1);
    }

    private static long call(MethodHandle function, long[] arguments) {
        try {
            return (long) function.invokeExact(arguments);
        } catch (Throwable t) {
            throw Native.rethrown(t);
        }
    }

    /** Returns the number of aborts of its sections since the JVM started; 0 on the fallback. */
    public long aborts() {
        return variants.stream().mapToLong(engine::aborts).sum();
    }
}
