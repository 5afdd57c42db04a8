package io.github.rseq4j.cli.selftest.storm;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.engine.NativeEngine;
import io.github.rseq4j.kernel.Linux;
import java.util.BitSet;

/** Runs the storms of tests with the disturbances that this JVM's engine allows. */
final class Skies {
    private Skies() {}

    /** Runs a storm once. */
    static Outcome run(Storm storm, long nanos) throws InterruptedException {
        if (Engine.get() instanceof NativeEngine engine) {
            try (StormSignal signal = new StormSignal(engine)) {
                long[] affinity = Linux.sched_getaffinity(0);
                return new Weather(BitSet.valueOf(affinity).stream().toArray(), affinity, signal).run(storm, nanos);
            }
        }
        return Weather.calm().run(storm, nanos);
    }
}
