package io.github.rseq4j.cli.selftest.storm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.engine.NativeEngine;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** No storm finds a fault in the library, on rseq and on the fallback. */
final class StormsTest {
    private static final long NANOS = 500_000_000;
    private static final long MOST_NANOS = 120_000_000_000L;

    static Stream<Arguments> storms() {
        return Stream.concat(Stream.<Supplier<Storm>>of(CounterStorm::new), Storms.ofStructures().stream())
                .map(storm -> Arguments.of(storm.get().name(), storm));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("storms")
    void losesNothing(String name, Supplier<Storm> storm) throws InterruptedException {
        Outcome outcome = Skies.run(storm.get(), NANOS);
        assertEquals(List.of(), outcome.wrong());
        assertEquals(name, outcome.storm());
        assertTrue(outcome.operations() > 0, "the storm did some operations");
        boolean isDisturbed = Engine.get() instanceof NativeEngine;
        for (long each : List.of(outcome.signals(), outcome.flips(), outcome.fences())) {
            assertEquals(isDisturbed, each > 0, "signals, affinity flips, fences: " + outcome);
        }
        assertTrue(isDisturbed || outcome.aborts() == 0, "the fallback has no aborts: " + outcome);
    }

    @Test
    void addsUpRoundsAndEnds() throws InterruptedException {
        Rounds rounds;
        StringWriter progress;
        long nanos = 600_000_000;
        // On a machine with a high load a round takes longer than its storms.
        do {
            rounds = new Rounds(Weather.calm());
            progress = new StringWriter();
            rounds.until(nanos, 50_000_000, new PrintWriter(progress));
            nanos *= 4;
        } while (rounds.rounds() == 1 && nanos < MOST_NANOS);
        assertEquals(rounds.rounds(), progress.toString().lines().count());
        assertTrue(rounds.rounds() > 1, progress::toString);
        Map<String, Object> report = new LinkedHashMap<>();
        rounds.report(report);
        assertEquals(List.of(), report.get("wrong"));
        assertEquals(report.get("expected"), report.get("counted"));
        assertEquals(storms().map(each -> each.get()[0]).toList(),
                rounds.outcomes().stream().map(Outcome::storm).toList());
        assertTrue(rounds.outcomes().stream().allMatch(each -> each.operations() > 0), rounds.outcomes()::toString);
    }

    @Test
    void runsOneRoundAlsoWithoutTime() throws InterruptedException {
        Rounds rounds = new Rounds(Weather.calm());
        rounds.until(0, 50_000_000, new PrintWriter(new StringWriter()));
        assertEquals(1, rounds.rounds());
        assertEquals(List.of(), rounds.wrong());
    }
}
