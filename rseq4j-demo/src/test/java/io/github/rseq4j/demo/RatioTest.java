package io.github.rseq4j.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.rseq4j.demo.load.LoadResult;
import io.github.rseq4j.demo.service.Sample;
import io.github.rseq4j.demo.service.SlowRequest;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class RatioTest {
    /** Returns turns whose pools have made these numbers of recyclers. */
    private static List<Turn> turns(long... recyclers) {
        return LongStream.of(recyclers).mapToObj(each -> new Turn(new LoadResult(), sample(0), sample(each),
                new HeldEvents(each, 1, true), new SlowRequest(0, "", 0, 0, null, null))).toList();
    }

    private static Sample sample(long recyclers) {
        return new Sample(0, 0, 0, 0, 0, recyclers, 0, Map.of(), Map.of());
    }

    @Test
    void isBetterOnlyIfEachRoundIs() {
        Ratio ratio = Ratio.of(Measure.RECYCLERS, turns(5, 6, 20), turns(10, 10, 25));
        assertEquals(new Ratio(0.6, 0.5, 0.8, Ratio.Verdict.BETTER), ratio);
        assertEquals("0.600 (0.500 to 0.800)", ratio.text());
    }

    @Test
    void isWorseIfEachRoundIs() {
        assertEquals(Ratio.Verdict.WORSE, Ratio.of(Measure.RECYCLERS, turns(11, 12), turns(10, 10)).verdict());
    }

    @Test
    void showsNoDifferenceIfRoundsDisagreeOrAreEqual() {
        assertEquals(Ratio.Verdict.SAME, Ratio.of(Measure.RECYCLERS, turns(11, 9), turns(10, 10)).verdict());
        assertEquals(Ratio.Verdict.SAME, Ratio.of(Measure.RECYCLERS, turns(9, 10), turns(10, 10)).verdict());
        assertEquals(new Ratio(1, 1, 1, Ratio.Verdict.SAME), Ratio.of(Measure.RECYCLERS, turns(0, 0), turns(0, 0)));
    }

    @Test
    void comparesMeasuresOfWhichMoreIsBetterTheOtherWayRound() {
        assertEquals(Ratio.Verdict.WORSE, Ratio.of(Measure.EVENTS, turns(5, 6), turns(10, 10)).verdict());
        assertEquals(Ratio.Verdict.BETTER, Ratio.of(Measure.EVENTS, turns(15, 16), turns(10, 10)).verdict());
    }
}
