package io.github.rseq4j.bench.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.bench.suite.Results.FamilyResult;
import io.github.rseq4j.bench.suite.Results.GoalResult;
import io.github.rseq4j.bench.suite.Results.RowResult;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** The suite measures in turns, and gives each goal the verdict that its figures allow. */
class SuiteTest {
    private static final Plan PLAN = new Plan(false, 8, List.of(1, 2), 1, 1, 1, 600);
    private static final Machine MACHINE = Machine.current();

    /** Returns a family with one row of ours and one peer. */
    private static Family family(Source ours, Source peer, Goal... goals) {
        return new Family("fake", "an operation", "ns", true,
                List.of(new Row("ours", Side.OURS, ours), new Row("peer", Side.PEER, peer)), List.of(goals));
    }

    private static Source around(double nanos, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        return (_, _) -> new double[] {nanos + random.nextDouble(-1, 1), nanos + random.nextDouble(-1, 1)};
    }

    private static FamilyResult result(Family family) throws IOException, InterruptedException {
        Suite suite = new Suite(List.of(family), PLAN);
        suite.measure(_ -> { });
        assertEquals(PLAN.rounds(), suite.rounds());
        return Results.of("2026-11-29", MACHINE, PLAN, suite, List.of(family)).families().getFirst();
    }

    private static List<Verdict> verdicts(double ours, double peer, Goal goal)
            throws IOException, InterruptedException {
        return result(family(around(ours, 1), around(peer, 2), goal)).goals().stream().map(GoalResult::verdict)
                .toList();
    }

    @Test
    void aGoalIsMetNotMetOrUndecidedByItsWholeInterval() throws IOException, InterruptedException {
        Goal half = Goal.ratio("ours", 0.5, "peer").with(1);
        assertEquals(List.of(Verdict.MET), verdicts(20, 50, half));
        assertEquals(List.of(Verdict.NOT_MET), verdicts(30, 50, half));
        assertEquals(List.of(Verdict.UNDECIDED), verdicts(25, 50, half));
        Goal above = Goal.above("ours", "peer", 2).with(2);
        assertEquals(List.of(Verdict.MET), verdicts(20, 20, above));
        assertEquals(List.of(Verdict.NOT_MET), verdicts(24, 20, above));
    }

    @Test
    void aSingleValueDecidesNothing() throws IOException, InterruptedException {
        Plan plan = new Plan(true, 1, List.of(1), 1, 1, 1, 600);
        Family family = family((_, _) -> new double[] {1}, (_, _) -> new double[] {9},
                Goal.ratio("ours", 1, "peer").with(1));
        Suite suite = new Suite(List.of(family), plan);
        suite.measure(_ -> { });
        assertEquals(Verdict.UNDECIDED, Results.of("2026-11-29", MACHINE, plan, suite, List.of(family)).families()
                .getFirst().goals().getFirst().verdict());
    }

    @Test
    void anIntervalOfARatioIsNarrowWhereTheMachineSlowsBothDown() {
        List<double[]> ours = new ArrayList<>();
        List<double[]> peer = new ArrayList<>();
        for (int slow = 1; slow <= 8; slow++) {
            ours.add(new double[] {10 * slow, 10 * slow});
            peer.add(new double[] {20 * slow, 20 * slow});
        }
        Interval ratio = Interval.of(List.of(ours, peer), means -> means[0] / means[1]);
        assertEquals(0.5, ratio.value(), 1e-9);
        assertEquals(0.5, ratio.low(), 1e-9);
        assertEquals(0.5, ratio.high(), 1e-9);
        Interval time = Interval.of(List.of(ours), means -> means[0]);
        assertEquals(45, time.value(), 1e-9);
        assertTrue(time.low() > 20 && time.low() < 40 && time.high() > 50 && time.high() < 70, time.toString());
    }

    @Test
    void aPeerThatFailsIsNamedWithItsReasonAndNotTriedAgain() throws IOException, InterruptedException {
        AtomicInteger tries = new AtomicInteger();
        FamilyResult result = result(family(around(20, 1), (_, _) -> {
            tries.incrementAndGet();
            throw new IOException("install it");
        }, Goal.ratio("ours", 1, "peer")));
        assertEquals(1, tries.get());
        assertEquals("install it", result.rows().get(1).missing());
        assertNull(result.rows().getFirst().missing());
        assertEquals(List.of(Verdict.NOT_MEASURED, Verdict.NOT_MEASURED),
                result.goals().stream().map(GoalResult::verdict).toList());
        assertTrue(result.ratios().isEmpty());
    }

    @Test
    void anOperationOfOursThatFailsEndsTheRun() {
        IOException failure = assertThrows(IOException.class, () -> result(family((_, _) -> {
            throw new IOException("broken");
        }, around(20, 1))));
        assertEquals("fake, ours, threads=1: broken", failure.getMessage());
    }

    @Test
    void aRoundMeasuresEachRowOnceWithEachNumberOfThreads() throws IOException, InterruptedException {
        List<String> order = new ArrayList<>();
        Family family = family((threads, _) -> {
            order.add("ours " + threads);
            return new double[] {1};
        }, (threads, _) -> {
            order.add("peer " + threads);
            return new double[] {1};
        });
        assertNotNull(result(family));
        assertEquals(List.of("ours 1", "peer 1", "ours 2", "peer 2", "ours 1"), order.subList(0, 5));
    }

    @Test
    void aRowIsComparedWithItsGroupAndWithRowsThatHaveNone() throws IOException, InterruptedException {
        Source one = (_, _) -> new double[] {1};
        Family family = new Family("fake", "an operation", "ns", false, List.of(new Row("a", Side.OURS, one, "first"),
                new Row("b", Side.PEER, one, "first"), new Row("c", Side.OURS, one, "second"),
                new Row("d", Side.PEER, one, "second"), new Row("e", Side.LIMIT, one)), List.of());
        assertEquals(List.of("a b", "a e", "c d", "c e"), result(family).ratios().stream()
                .filter(ratio -> ratio.threads() == 1).map(ratio -> ratio.ours() + " " + ratio.beside()).toList());
    }

    @Test
    void aStoppedRunKeepsTheMeasuredRowsAndNoFailureOfTheLastOne() throws IOException, InterruptedException {
        Suite[] suite = new Suite[1];
        Family family = family(around(20, 1), (_, _) -> {
            suite[0].stop();
            throw new IllegalStateException("ended by SIGINT");
        });
        suite[0] = new Suite(List.of(family), PLAN);
        suite[0].measure(_ -> { });
        Results results = Results.of("2026-11-29", MACHINE, PLAN, suite[0], List.of(family));
        assertEquals("a run of 0 rounds (interrupted in round 1)", results.extent());
        List<RowResult> rows = results.families().getFirst().rows();
        assertEquals(List.of(1, 0), rows.stream().map(row -> row.times().size()).toList());
        assertNull(rows.getLast().missing());
    }

    @Test
    void aRunEndsInItsFirstRoundIfTheTimeIsOver() throws IOException, InterruptedException {
        Plan plan = new Plan(true, 3, List.of(1, 2), 1, 1, 1, 0);
        Family family = family(around(20, 1), around(20, 2));
        Suite suite = new Suite(List.of(family), plan);
        suite.measure(_ -> { });
        Results results = Results.of("2026-11-29", MACHINE, plan, suite, List.of(family));
        assertEquals("a quick run of 0 rounds (the time was over in round 1)", results.extent());
    }

    @Test
    void goalsReadAsSentences() {
        assertEquals("a: at most 1/15 of b", Goal.ratio("a", 1 / 15.0, "b").text("ns"));
        assertEquals("a: at most 1/1.8 of b", Goal.ratio("a", 1 / 1.8, "b").text("ns"));
        assertEquals("a: at most 0.35 of the best of b, c", Goal.ratio("a", 0.35, "b", "c").text("ns"));
        assertEquals("a: at most b + 2 ns", Goal.above("a", "b", 2).text("ns"));
        assertEquals("a: at most 2 times b + 4 ns", new Goal("a", 2, List.of("b"), 4, List.of(1)).text("ns"));
    }

    @Test
    void figuresAreNotRoundedInOurFavour() {
        assertEquals("3.41", Numbers.up(3.4001));
        assertEquals("3.40", Numbers.down(3.4099));
        assertEquals("124", Numbers.up(123.2));
        assertEquals("1230", Numbers.down(1239));
        assertEquals("0.01", Numbers.up(0.0012));
    }

    @Test
    void allFamiliesNameTheRowsOfTheirGoals() {
        List<Family> families = Families.all();
        assertEquals(families.size(), families.stream().map(Family::name).distinct().count());
        for (Family family : families) {
            assertEquals(Side.OURS, family.rows().getFirst().side(), family.name());
            assertEquals(family.rows().size(), family.rows().stream().map(Row::name).distinct().count());
            for (String group : family.rows().stream().map(Row::group).filter(each -> !each.isEmpty()).distinct()
                    .toList()) {
                assertEquals(Side.OURS, family.rows().stream().filter(row -> row.group().equals(group)).findFirst()
                        .orElseThrow().side(), family.name() + ", " + group);
            }
        }
    }
}
