package io.github.rseq4j.cli.selftest.storm;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.engine.NativeEngine;
import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.ir.Status;
import io.github.rseq4j.kernel.Native;
import io.github.rseq4j.proof.SimulationProof;
import java.lang.invoke.MethodHandle;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/** A chain as storms run it: as it is, or with a delay ahead of any of its steps. Each of these was simulated. */
public final class Operation {
    private static final long SEED = 42;
    /** Of a hundred delays, so many are at most a few instructions, and so many more at most a microsecond. */
    private static final int TINY = 50;
    private static final int SHORT = 45;
    private static final int TINY_ITERATIONS = 16;
    private static final int SHORT_ITERATIONS = 1024;

    private final Engine engine = Engine.get();
    /** The chain itself, and behind it those with a delay. */
    private final List<Chain> variants = new ArrayList<>();
    /** For each of them its function, which takes all arguments as one array. */
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
     * Proves a chain and all that a delay makes of it, and links them.
     *
     * @param chain the chain
     * @throws IllegalStateException when one of them does not pass the simulation
     */
    public static Operation of(Chain chain) {
        return new Operation(chain);
    }

    /**
     * Runs the chain once, with a delay somewhere or without one.
     *
     * @param random decides where and how long
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
                // In the worst weather a long delay would never end undisturbed.
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

    /** Returns how often its sections were aborted since the JVM started; 0 on the fallback, which aborts nothing. */
    public long aborts() {
        return engine instanceof NativeEngine own ? variants.stream().mapToLong(own::aborts).sum() : 0;
    }
}
