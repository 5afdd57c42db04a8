package io.github.rseq4j.jackson;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.jackson.Documents.Shape;
import io.github.rseq4j.percpu.PoolOptions;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InvalidObjectException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.util.BufferRecycler;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.json.JsonMapper;

/** A deserialized pool is the shared pool, or an empty pool with the same options. */
final class SerializationTest {
    private final byte[] document = Documents.document(Shape.RECORDS, 10_000);

    private static byte[] written(Object object) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
            out.writeObject(object);
        }
        return bytes.toByteArray();
    }

    private static Object read(byte[] bytes) throws IOException, ClassNotFoundException {
        try (ObjectInputStream in = new ObjectInputStream(new ByteArrayInputStream(bytes))) {
            return in.readObject();
        }
    }

    @Test
    void theSharedPoolStaysASingleton() throws IOException, ClassNotFoundException {
        assertSame(PerCpuRecyclerPool.shared(), PerCpuRecyclerPool.shared());
        assertSame(PerCpuRecyclerPool.shared(), read(written(PerCpuRecyclerPool.shared())));
    }

    @Test
    void anotherPoolBecomesAnEmptyPoolWithItsOptions() throws IOException, ClassNotFoundException {
        PerCpuRecyclerPool pool =
                new PerCpuRecyclerPool(PoolOptions.defaults().withIdlePerCpu(1).withRobust(true));
        pool.acquireAndLinkPooled().releaseToPool();
        PerCpuRecyclerPool copy = (PerCpuRecyclerPool) read(written(pool));
        assertNotSame(pool, copy);
        assertEquals(1, pool.pooledCount());
        assertEquals(0, copy.pooledCount());
        BufferRecycler[] taken = new BufferRecycler[1000];
        for (int i = 0; i < taken.length; i++) {
            taken[i] = copy.acquirePooled();
        }
        for (BufferRecycler each : taken) {
            copy.releasePooled(each);
        }
        int limit = copy.stats().idlePerCpu().size() + Runtime.getRuntime().availableProcessors();
        assertTrue(copy.pooledCount() <= limit, "the copy has the same limit: " + copy);
    }

    @Test
    void aFactoryAndAMapperWorkWithACopyOfTheirPool() throws IOException, ClassNotFoundException {
        PerCpuRecyclerPool pool = new PerCpuRecyclerPool();
        JsonFactory factory = JsonFactory.builder().recyclerPool(pool).build();
        JsonFactory copy = (JsonFactory) read(written(factory));
        PerCpuRecyclerPool poolOfCopy = (PerCpuRecyclerPool) copy._getRecyclerPool();
        assertNotSame(pool, poolOfCopy);
        ObjectMapper mapper = (ObjectMapper) read(written(JsonMapper.builder(factory).build()));
        PerCpuRecyclerPool poolOfMapper = (PerCpuRecyclerPool) mapper.tokenStreamFactory()._getRecyclerPool();
        ObjectMapper reference = JsonMapper.builder().build();
        assertEquals(reference.readTree(document), mapper.readTree(document));
        assertEquals(reference.readTree(document), JsonMapper.builder(copy).build().readTree(document));
        assertEquals(0, pool.stats().created());
        assertEquals(1, poolOfMapper.pooledCount());
        assertEquals(1, poolOfCopy.pooledCount());
    }

    @Test
    void aMapperOnTheSharedPoolKeepsIt() throws IOException, ClassNotFoundException {
        JsonFactory factory = JsonFactory.builder().recyclerPool(PerCpuRecyclerPool.shared()).build();
        ObjectMapper mapper = (ObjectMapper) read(written(JsonMapper.builder(factory).build()));
        assertSame(PerCpuRecyclerPool.shared(), mapper.tokenStreamFactory()._getRecyclerPool());
        assertEquals(JsonMapper.builder().build().readTree(document), mapper.readTree(document));
    }

    private static int find(byte[] bytes, byte[] part) {
        int at = new String(bytes, StandardCharsets.ISO_8859_1)
                .indexOf(new String(part, StandardCharsets.ISO_8859_1));
        assertTrue(at >= 0, "the bytes are found");
        return at;
    }

    @Test
    void refusesOptionsOutOfRange() throws IOException {
        byte[] bytes = written(new PerCpuRecyclerPool(PoolOptions.defaults().withIdlePerCpu(0x0ABC)));
        int at = find(bytes, new byte[] {0, 0, 0x0A, (byte) 0xBC});
        bytes[at] = 1;
        InvalidObjectException refused = assertThrows(InvalidObjectException.class, () -> read(bytes));
        assertEquals("idlePerCpu=16779964, must be 1 to 4096", refused.getMessage());
    }

    @Test
    void refusesAStreamWithAForgedPool() throws IOException {
        byte[] bytes = written(new PerCpuRecyclerPool());
        String form = PerCpuRecyclerPool.class.getName() + "$Form";
        String pool = PerCpuRecyclerPool.class.getName();
        int at = find(bytes, form.getBytes(StandardCharsets.US_ASCII));
        ByteArrayOutputStream forged = new ByteArrayOutputStream();
        forged.write(bytes, 0, at - 1);
        forged.write(pool.length());
        forged.writeBytes(pool.getBytes(StandardCharsets.US_ASCII));
        // After the name: the class's serial version, which is 0 for a record and 1 for the pool.
        forged.writeBytes(new byte[] {0, 0, 0, 0, 0, 0, 0, 1});
        int afterVersion = at + form.length() + Long.BYTES;
        forged.write(bytes, afterVersion, bytes.length - afterVersion);
        InvalidObjectException refused =
                assertThrows(InvalidObjectException.class, () -> read(forged.toByteArray()));
        assertEquals("a pool is read from what writeReplace wrote", refused.getMessage());
    }
}
