package io.github.rseq4j.trace;

import io.github.rseq4j.trace.cpu.Sampling;

/**
 * A sampler of the CPU time of all threads of the process; see {@link Tracer#sampleCpu}. It runs until the sampler or
 * its tracer is closed. Any thread may close it.
 *
 * @since 0.1.0
 */
public final class CpuSampler implements AutoCloseable {
    /** The most samples for each second of CPU time. */
    public static final int MAX_HZ = Sampling.MAX_HZ;

    private final Sampling sampling;

    CpuSampler(Sampling sampling) {
        this.sampling = sampling;
    }

    /** Records the address ranges of code. */
    void recordCode() {
        sampling.recordCode();
    }

    /** Ends sampling. Has no effect if sampling has ended. */
    @Override
    public void close() {
        sampling.close();
    }
}
