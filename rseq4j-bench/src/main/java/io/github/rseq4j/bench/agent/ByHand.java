package io.github.rseq4j.bench.agent;

import java.util.concurrent.atomic.LongAdder;

/** The method of {@link Traced} with the code that a programmer would add to time it. */
final class ByHand {
    private final LongAdder calls = new LongAdder();
    private final LongAdder nanos = new LongAdder();

    long work(long value) {
        long start = System.nanoTime();
        try {
            return value;
        } finally {
            calls.increment();
            nanos.add(System.nanoTime() - start);
        }
    }

    /** Returns the calls so far. */
    long calls() {
        return calls.sum();
    }
}
