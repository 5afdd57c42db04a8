package io.github.rseq4j.jackson;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.jackson.Documents.Shape;
import io.github.rseq4j.percpu.PoolStats;
import io.github.rseq4j.percpu.PoolOptions;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringReader;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.core.JsonParser;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.json.JsonMapper;

/** Many threads read and write documents with the same results as with Jackson's default pool. */
final class DocumentsTest {
    private static final int SEED = 5;

    private final PerCpuRecyclerPool pool = new PerCpuRecyclerPool();
    private final ObjectMapper mapper = mapper(pool);
    private final ObjectMapper reference = JsonMapper.builder().build();

    private static ObjectMapper mapper(PerCpuRecyclerPool pool) {
        return JsonMapper.builder(JsonFactory.builder().recyclerPool(pool).build()).build();
    }

    private void assertReadsAndWritesAsTheReference(byte[] document) throws IOException {
        JsonNode expected = reference.readTree(document);
        String text = new String(document, StandardCharsets.UTF_8);
        assertEquals(expected, mapper.readTree(document));
        assertEquals(expected, mapper.readTree(text));
        assertEquals(expected, mapper.readTree(new ByteArrayInputStream(document)));
        assertEquals(expected, mapper.readTree(new StringReader(text)));
        byte[] written = reference.writeValueAsBytes(expected);
        assertArrayEquals(written, mapper.writeValueAsBytes(expected));
        assertEquals(reference.writeValueAsString(expected), mapper.writeValueAsString(expected));
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        mapper.writeValue(bytes, expected);
        assertArrayEquals(written, bytes.toByteArray());
        StringWriter chars = new StringWriter();
        mapper.writeValue(chars, expected);
        assertEquals(reference.writeValueAsString(expected), chars.toString());
    }

    private List<JsonNode> trees(List<byte[]> documents) throws IOException {
        List<JsonNode> trees = new ArrayList<>();
        for (byte[] document : documents) {
            trees.add(reference.readTree(document));
        }
        return trees;
    }

    @ParameterizedTest
    @EnumSource(Shape.class)
    void readsAndWritesDocumentsOfEverySizeLikeTheDefaultPool(Shape shape) throws IOException {
        for (int bytes : Documents.SIZES_BYTES) {
            byte[] document = Documents.document(shape, bytes);
            assertTrue(document.length >= bytes && document.length < bytes * 1.6 + 20, "length=" + document.length);
            assertReadsAndWritesAsTheReference(document);
        }
        PoolStats stats = pool.stats();
        assertTrue(stats.created() <= 2, "one to write with, and one for the result: " + stats);
        assertEquals(stats.created(), pool.pooledCount(), stats.toString());
    }

    @ParameterizedTest
    @CsvSource({"16, false, 30, 16", "16, false, 30, 1", "2000, true, 1, 16", "500, true, 2, 1"})
    void manyThreadsReadAndWriteLikeOne(int threads, boolean virtual, int rounds, int idlePerCpu)
            throws IOException, InterruptedException {
        List<byte[]> documents = Documents.small();
        List<JsonNode> trees = trees(documents);
        List<byte[]> written = new ArrayList<>();
        for (JsonNode tree : trees) {
            written.add(reference.writeValueAsBytes(tree));
        }
        PerCpuRecyclerPool own = new PerCpuRecyclerPool(PoolOptions.defaults().withIdlePerCpu(idlePerCpu));
        ObjectMapper ownMapper = mapper(own);
        Threads.run(threads, virtual, thread -> {
            SplittableRandom random = new SplittableRandom(SEED + thread);
            for (int round = 0; round < rounds; round++) {
                int i = random.nextInt(documents.size());
                assertEquals(trees.get(i), ownMapper.readTree(documents.get(i)));
                try (JsonParser parser = ownMapper.createParser(documents.get(i))) {
                    parser.nextToken();
                    // This thread holds two recyclers, and may continue on another CPU.
                    LockSupport.parkNanos(1);
                    assertArrayEquals(written.get(i), ownMapper.writeValueAsBytes(trees.get(i)));
                    assertEquals(trees.get(i), ownMapper.readTree(parser));
                }
            }
        });
        PoolStats stats = own.stats();
        assertEquals(0, stats.dropped(), stats.toString());
        assertEquals(stats.created(), own.pooledCount() + stats.destroyed(), stats.toString());
    }

    @ParameterizedTest
    @CsvSource({"9, false", "12, true"})
    void manyThreadsReadAndWriteLargeDocuments(int threads, boolean virtual)
            throws IOException, InterruptedException {
        List<byte[]> documents = Documents.all();
        List<JsonNode> trees = trees(documents);
        Threads.run(threads, virtual, thread -> {
            for (int i = thread % 3; i < documents.size(); i += 3) {
                JsonNode tree = mapper.readTree(new ByteArrayInputStream(documents.get(i)));
                assertEquals(trees.get(i), tree);
                assertEquals(trees.get(i), reference.readTree(mapper.writeValueAsBytes(tree)));
            }
        });
        PoolStats stats = pool.stats();
        assertEquals(stats.created(), pool.pooledCount() + stats.destroyed(), stats.toString());
    }

    @Test
    void theNumberOfRecyclersFollowsTheRunningThreads() throws IOException, InterruptedException {
        byte[] document = Documents.document(Shape.RECORDS, 70);
        JsonNode expected = reference.readTree(document);
        AtomicInteger running = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        Threads.run(20_000, true, _ -> {
            most.accumulateAndGet(running.incrementAndGet(), Math::max);
            assertEquals(expected, mapper.readTree(document));
            running.decrementAndGet();
        });
        // A thread creates a recycler when it finds no idle one. It searches one CPU after the other while other
        // threads take and release, so it may miss one: the bound is twice the running threads, far below the number of
        // threads.
        PoolStats stats = pool.stats();
        assertTrue(stats.created() <= 2L * most.get(), "running=" + most + ", " + stats);
        assertEquals(stats.created(), pool.pooledCount() + stats.destroyed(), stats.toString());
    }

    /** Returns one byte at a time, and parks before each. */
    private static final class SlowStream extends InputStream {
        private final byte[] bytes;
        private int at;

        SlowStream(byte[] bytes) {
            this.bytes = bytes;
        }

        @Override
        public int read() {
            LockSupport.parkNanos(1);
            return at == bytes.length ? -1 : bytes[at++] & 0xFF;
        }

        @Override
        public int read(byte[] into, int from, int count) {
            int next = count == 0 ? 0 : read();
            if (count == 0 || next < 0) {
                return next;
            }
            into[from] = (byte) next;
            return 1;
        }
    }

    @Test
    void eachThreadThatWaitsWithinADocumentNeedsARecycler() throws IOException, InterruptedException {
        int atATime = 48;
        byte[] document = Documents.document(Shape.RECORDS, 70);
        JsonNode expected = reference.readTree(document);
        Semaphore permits = new Semaphore(atATime);
        PerCpuRecyclerPool own = new PerCpuRecyclerPool(PoolOptions.defaults().withIdlePerCpu(atATime));
        ObjectMapper ownMapper = mapper(own);
        Threads.run(2000, true, _ -> {
            permits.acquire();
            try {
                assertEquals(expected, ownMapper.readTree(new SlowStream(document)));
            } finally {
                permits.release();
            }
        });
        PoolStats stats = own.stats();
        assertTrue(stats.created() > 1, "documents were read concurrently: " + stats);
        assertTrue(stats.created() <= 2L * atATime, stats.toString());
        assertEquals(stats.created(), own.pooledCount() + stats.destroyed(), stats.toString());
    }
}
