package io.github.rseq4j.demo.side;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.trace.Span;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.util.BufferRecycler;
import tools.jackson.databind.json.JsonMapper;

class SideTest {
    @TempDir
    private Path folder = Path.of("");

    private static Map<String, Long> counts(long read, long report) {
        Map<String, Long> counts = new TreeMap<>();
        for (Kind kind : Kind.values()) {
            counts.put(kind.name(), kind == Kind.READ ? read : kind == Kind.REPORT ? report : 0);
        }
        return counts;
    }

    @ParameterizedTest
    @EnumSource
    void countsEveryRequestInCountersHistogramsAndAScrape(Sides kind) throws IOException, InterruptedException {
        try (Side side = Side.of(kind, folder)) {
            List<Thread> threads = new ArrayList<>();
            for (int i = 0; i < 100; i++) {
                threads.add(Thread.startVirtualThread(() -> {
                    for (int n = 0; n < 50; n++) {
                        side.count(Kind.READ, 3_000_000);
                    }
                }));
            }
            for (Thread each : threads) {
                each.join();
            }
            side.count(Kind.REPORT, 40_000_000_000L);
            assertEquals(counts(5000, 1), side.counted());
            assertEquals(counts(5000, 1), side.observed());
            String metrics = side.metrics();
            for (String line : List.of("service_requests_total{kind=\"READ\"} 5000.0",
                    "service_latency_seconds_bucket{kind=\"READ\",le=\"0.0025\"} 0",
                    "service_latency_seconds_bucket{kind=\"READ\",le=\"0.005\"} 5000",
                    "service_latency_seconds_bucket{kind=\"REPORT\",le=\"10.0\"} 0",
                    "service_latency_seconds_bucket{kind=\"REPORT\",le=\"+Inf\"} 1",
                    "service_latency_seconds_count{kind=\"READ\"} 5000")) {
                assertTrue(metrics.contains("\n" + line + "\n"), line + " in " + metrics);
            }
            // A second reading counts nothing twice.
            assertEquals(counts(5000, 1), side.observed());
        }
    }

    @ParameterizedTest
    @EnumSource
    void countsTheRecyclersThatArePutToUse(Sides kind) throws IOException {
        try (Side side = Side.of(kind, folder)) {
            BufferRecycler first = side.pool().acquireAndLinkPooled();
            BufferRecycler second = side.pool().acquireAndLinkPooled();
            // The pool for each thread gives one thread the same recycler twice.
            assertEquals(kind == Sides.MICROMETER ? 1 : 2, side.recyclers());
            first.releaseToPool();
            second.releaseToPool();
            long made = side.recyclers();
            JsonMapper json = JsonMapper.builder(JsonFactory.builder().recyclerPool(side.pool()).build()).build();
            assertEquals("[1,2]", new String(json.writeValueAsBytes(json.readTree("[1, 2]")), StandardCharsets.UTF_8));
            assertEquals(made, side.recyclers(), "an idle recycler is taken");
        }
    }

    @ParameterizedTest
    @EnumSource
    void recordsSpansAndWritesASnapshot(Sides kind) throws IOException {
        try (Side side = Side.of(kind, folder)) {
            try (Span _ = side.events().request(1, "PUT", "/documents/1")) {
                try (Span _ = side.events().waiting("catalogue")) {
                    side.events().answer(200, 5);
                }
            }
            Path snapshot = folder.resolve("snapshot");
            side.snapshot(snapshot);
            assertTrue(kind == Sides.RSEQ4J ? Files.exists(snapshot.resolve("metadata")) : Files.size(snapshot) > 0);
            assertEquals(0, side.lost());
        }
    }
}
