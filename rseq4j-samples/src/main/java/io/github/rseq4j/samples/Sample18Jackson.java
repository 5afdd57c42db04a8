package io.github.rseq4j.samples;

import io.github.rseq4j.jackson.PerCpuRecyclerPool;
import java.util.stream.IntStream;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.ObjectMapper;

/**
 * Jackson 3 with buffers by CPU: parsers and generators take them from the pool of the CPU on which they run. The pool
 * holds about as many as are used at the same time, also with a million virtual threads.
 *
 * <pre>
 * the total is 499500
 * buffers were pooled: true
 * </pre>
 */
final class Sample18Jackson {
    static void main() {
        PerCpuRecyclerPool pool = new PerCpuRecyclerPool();
        ObjectMapper mapper = new ObjectMapper(JsonFactory.builder().recyclerPool(pool).build());
        int total = IntStream.range(0, 1000).parallel()
                .map(i -> mapper.readTree("{\"order\": {\"price\": " + i + "}}").path("order").path("price").asInt())
                .sum();
        System.out.println("the total is " + total);
        System.out.println("buffers were pooled: " + (pool.pooledCount() > 0));
    }
}
