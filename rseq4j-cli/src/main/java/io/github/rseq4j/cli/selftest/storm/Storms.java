package io.github.rseq4j.cli.selftest.storm;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.engine.NativeEngine;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Supplier;

/** The list of all storms. */
public final class Storms {
    private Storms() {}

    /** Returns suppliers of all storms except that of counters. A storm runs once. */
    public static List<Supplier<Storm>> ofStructures() {
        return List.of(LockStorm::new,
                () -> new BagStorm(new NodeList()),
                () -> new BagStorm(new WordBuffer()),
                () -> new BagStorm(new RecordBuffer(Weather.PLATFORM_THREADS + Storm.VIRTUAL_THREADS)),
                () -> new SwitchStorm("membarrier", Storms::fence),
                () -> new SwitchStorm("walk", Storms::walk));
    }

    /** Fences all CPUs together, or one after the other. */
    private static void fence(int[] cpus, SplittableRandom random) {
        if (cpus.length == 0 || random.nextBoolean()) {
            Engine.get().fence();
            return;
        }
        for (int cpu : cpus) {
            Engine.get().fence(cpu);
        }
    }

    private static void walk(int[] cpus, SplittableRandom random) {
        if (Engine.get() instanceof NativeEngine engine) {
            engine.fenceByWalking();
        } else {
            Engine.get().fence();
        }
    }
}
