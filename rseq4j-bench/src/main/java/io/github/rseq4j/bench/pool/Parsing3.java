package io.github.rseq4j.bench.pool;

import io.github.rseq4j.jackson.PerCpuRecyclerPool;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.util.BufferRecycler;
import tools.jackson.core.util.JsonRecyclerPools;
import tools.jackson.core.util.RecyclerPool;

/** A parser with Jackson 3. */
final class Parsing3 implements Parsing {
    static final List<String> POOLS = List.of("perCpu", "threadLocal", "deque", "bounded", "striped", "hybrid",
            "none");

    private final JsonFactory factory;
    private final AtomicLong created = new AtomicLong();

    Parsing3(String pool, boolean counting) {
        RecyclerPool<BufferRecycler> recyclers = pool(pool);
        this.factory = JsonFactory.builder().recyclerPool(counting ? new Counting(recyclers, created) : recyclers)
                .build();
    }

    static RecyclerPool<BufferRecycler> pool(String pool) {
        return switch (pool) {
            case "perCpu" -> new PerCpuRecyclerPool();
            case "threadLocal" -> JsonRecyclerPools.threadLocalPool();
            case "deque" -> JsonRecyclerPools.newConcurrentDequePool();
            case "bounded" -> JsonRecyclerPools.newBoundedPool(RecyclerPool.BoundedPoolBase.DEFAULT_CAPACITY);
            case "striped" -> new StripedPool(false);
            case "hybrid" -> new StripedPool(true);
            case "none" -> JsonRecyclerPools.nonRecyclingPool();
            default -> throw new IllegalArgumentException("pool=" + pool + ", must be one of " + POOLS);
        };
    }

    @Override
    public long parse(byte[] document) {
        long sum = 0;
        try (JsonParser parser = factory.createParser(ObjectReadContext.empty(), document)) {
            for (JsonToken token = parser.nextToken(); token != null; token = parser.nextToken()) {
                sum += token == JsonToken.VALUE_STRING ? parser.getStringLength() : token.id();
            }
        }
        return sum;
    }

    @Override
    public long created() {
        return created.get();
    }

    /** Counts new recyclers. It marks each one by the size of a buffer that parsing does not use. */
    private record Counting(RecyclerPool<BufferRecycler> pool, AtomicLong created)
            implements RecyclerPool<BufferRecycler> {
        /** More than the size that Jackson allocates; of two buffers Jackson keeps the larger one. */
        private static final int MARK_BYTES = 12_345;

        @Override
        public BufferRecycler acquireAndLinkPooled() {
            return counted(pool.acquireAndLinkPooled());
        }

        @Override
        public BufferRecycler acquirePooled() {
            return counted(pool.acquirePooled());
        }

        private BufferRecycler counted(BufferRecycler recycler) {
            byte[] mark = recycler.allocByteBuffer(BufferRecycler.BYTE_BASE64_CODEC_BUFFER);
            if (mark.length != MARK_BYTES) {
                created.incrementAndGet();
                mark = new byte[MARK_BYTES];
            }
            recycler.releaseByteBuffer(BufferRecycler.BYTE_BASE64_CODEC_BUFFER, mark);
            return recycler;
        }

        @Override
        public void releasePooled(BufferRecycler recycler) {
            pool.releasePooled(recycler);
        }
    }
}
