package io.github.rseq4j.trace;

import io.github.rseq4j.trace.cpu.Sampling;

/**
 * Samples what all threads of the process use CPU time for, see {@link Tracer#sampleCpu}. It runs until it, or its
 * tracer, is closed.
 */
public final class CpuSampler implements AutoCloseable {
    /** The most samples a second of CPU time. */
    public static final int MAX_HZ = Sampling.MAX_HZ;

    private final Sampling sampling;

    CpuSampler(Sampling sampling) {
        this.sampling = sampling;
    }

    /** Records where code lies. */
    void recordCode() {
        sampling.recordCode();
    }

    /** Ends sampling. */
    @Override
    public void close() {
        sampling.close();
    }
}
