package io.github.rseq4j.trace;

import io.github.rseq4j.trace.cpu.Sampling;
import java.util.concurrent.atomic.AtomicBoolean;

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
    private final Runnable names;
    private final AtomicBoolean isClosed = new AtomicBoolean();

    /**
     * Creates a sampler.
     *
     * @param sampling the sampler that runs
     * @param names writes the names of the JVM's code
     */
    CpuSampler(Sampling sampling, Runnable names) {
        this.sampling = sampling;
        this.names = names;
    }

    /** Records the address ranges of code. */
    void recordCode() {
        sampling.recordCode();
    }

    /**
     * Ends sampling, and writes the names of the JVM's code to the trace's folder, which takes up to some 0.3 s. Has no
     * effect if sampling has ended.
     */
    @Override
    public void close() {
        sampling.close();
        if (isClosed.compareAndSet(false, true)) {
            names.run();
        }
    }
}
