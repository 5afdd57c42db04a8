package io.github.rseq4j.demo.side;

import java.io.IOException;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;
import tools.jackson.core.util.BufferRecycler;
import tools.jackson.core.util.RecyclerPool;

/** LongAdder, HdrHistogram, Jackson's deque of recyclers, JFR. */
final class JdkSide extends JfrSide {
    private final AdderMetrics metrics = new AdderMetrics();
    private final DequePool recyclers = new DequePool();

    /** Is Jackson's ConcurrentDequePool, and counts the recyclers that it makes. */
    private static final class DequePool extends RecyclerPool.ConcurrentDequePoolBase<BufferRecycler> {
        private static final long serialVersionUID = 1L;
        private final transient LongAdder made = new LongAdder();

        DequePool() {
            super(SERIALIZATION_NON_SHARED);
        }

        @Override
        public BufferRecycler createPooled() {
            made.increment();
            return new BufferRecycler();
        }
    }

    @Override
    public void count(Kind kind, long nanos) {
        metrics.count(kind, nanos);
    }

    @Override
    public Map<String, Long> counted() {
        return metrics.counted();
    }

    @Override
    public Map<String, Long> observed() {
        return metrics.observed();
    }

    @Override
    public String metrics() throws IOException {
        return metrics.text();
    }

    @Override
    public RecyclerPool<BufferRecycler> pool() {
        return recyclers;
    }

    @Override
    public long recyclers() {
        return recyclers.made.sum();
    }
}
