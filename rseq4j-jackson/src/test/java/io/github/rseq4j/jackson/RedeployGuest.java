package io.github.rseq4j.jackson;

import io.github.rseq4j.percpu.PoolOptions;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.core.JsonParser;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.json.JsonMapper;

/**
 * An application that {@link RedeployTest} loads repeatedly; it parses with the shared pool and with pools of its own.
 */
public final class RedeployGuest implements Runnable {
    private static final String DOCUMENT = "{\"name\": \"value\", \"numbers\": [1, 2.5, 3e4]}";
    private static final List<PerCpuRecyclerPool> POOLS = List.of(PerCpuRecyclerPool.shared(), new PerCpuRecyclerPool(),
            new PerCpuRecyclerPool(PoolOptions.defaults().withRobust(true)));
    private static final List<JsonParser> OPEN = new ArrayList<>();

    /** Makes the guest. */
    public RedeployGuest() {}

    @Override
    public void run() {
        try {
            for (PerCpuRecyclerPool pool : POOLS) {
                use(pool);
            }
        } catch (Exception e) {
            // Jackson 2 has checked exceptions.
            throw new IllegalStateException(e);
        }
    }

    private static void use(PerCpuRecyclerPool pool) throws Exception {
        ObjectMapper mapper = JsonMapper.builder(JsonFactory.builder().recyclerPool(pool).build()).build();
        if (mapper.readTree(DOCUMENT).get("numbers").size() != 3 || mapper.writeValueAsString(DOCUMENT).length() < 40
                || pool.pooledCount() == 0 || pool.stats().created() > 2) {
            throw new IllegalStateException("parsed wrong, " + pool);
        }
        // The guest leaves one parser open, and drops one.
        OPEN.add(mapper.createParser(DOCUMENT));
        OPEN.getLast().nextToken();
        mapper.createParser(DOCUMENT).nextToken();
    }
}
