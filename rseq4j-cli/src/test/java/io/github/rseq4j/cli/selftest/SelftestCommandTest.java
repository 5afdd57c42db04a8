package io.github.rseq4j.cli.selftest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.Rseq;
import io.github.rseq4j.cli.Run;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.json.JsonMapper;

/** The self-test prints its outcome with the keys on which scripts rely, on rseq and on the fallback. */
final class SelftestCommandTest {
    private static final List<String> KEYS = List.of("passed", "exact", "available", "owner", "index", "reason",
            "seconds", "updates", "expected", "counted", "wrong", "signals", "affinityFlips", "fences");
    private static final List<String> NATIVE_KEYS = List.of("aborts", "signalsPerSecond", "proven");

    @Test
    void printsItsOutcome() {
        Run run = Run.of("selftest", "--seconds=1", "--json");
        Map<?, ?> report = JsonMapper.shared().readValue(run.out(), Map.class);
        boolean available = Rseq.availability().available();
        assertEquals(available ? 0 : 3, run.exit(), run.out());
        assertEquals("", run.err());
        assertTrue(report.keySet().containsAll(KEYS), run.out());
        assertEquals(available, report.keySet().containsAll(NATIVE_KEYS), run.out());
        assertEquals(List.of(), report.get("wrong"));
        assertEquals(report.get("expected"), report.get("counted"));
        List<?> storms = (List<?>) Objects.requireNonNull(report.get("storms"));
        assertEquals(List.of("counters", "spin lock", "list", "buffer", "memcpy", "membarrier", "walk"),
                storms.stream().map(each -> ((Map<?, ?>) each).get("storm")).toList());
        for (Object storm : storms) {
            Object operations = Objects.requireNonNull(((Map<?, ?>) storm).get("operations"));
            assertTrue(((Number) operations).longValue() > 0, run.out());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "1441", "-1", "many"})
    void refusesInvalidMinutes(String minutes) {
        Run run = Run.of("selftest", "--soak=" + minutes);
        assertEquals(2, run.exit());
        assertTrue(run.onlyError().contains("--soak"), run.err());
        assertTrue(run.err().contains(minutes), run.err());
    }

    @Test
    void refusesTwoDurations() {
        Run run = Run.of("selftest", "--soak=1", "--seconds=5");
        assertEquals(2, run.exit());
        assertTrue(run.onlyError().contains("--soak=1 and --seconds=5"), run.err());
    }
}
