package io.github.rseq4j.cli.selftest.storm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.ir.Operand;
import io.github.rseq4j.ir.Section;
import io.github.rseq4j.ir.Step;
import io.github.rseq4j.proof.SimulationProof;
import io.github.rseq4j.sections.LoadAddStore;
import io.github.rseq4j.sections.LoadCbneMemcpyStore;
import io.github.rseq4j.sections.Sections;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A delay is inserted before the given step, and changes nothing but the duration. */
final class DelaysTest {
    private static List<Step> steps(Chain chain) {
        List<Step> steps = new ArrayList<>();
        chain.sections().forEach(section -> steps.addAll(section.steps()));
        return steps;
    }

    static List<Chain> withRoom() {
        return Sections.all().stream().filter(chain -> chain.arguments() < Chain.MAX_ARGUMENTS).toList();
    }

    @ParameterizedTest
    @MethodSource("withRoom")
    void insertsADelayBeforeEachStep(Chain chain) {
        List<Step> before = steps(chain);
        assertEquals(before.size(), Delays.places(chain));
        for (int place = 0; place < before.size(); place++) {
            Chain delayed = Delays.ahead(chain, place);
            List<Step> expected = new ArrayList<>(before);
            expected.add(place, new Step.Delay(Operand.arg(chain.arguments()), Delays.MAX_ITERATIONS));
            assertEquals(expected, steps(delayed));
            assertEquals(chain.arguments() + 1, delayed.arguments());
            assertEquals(chain.restarts(), delayed.restarts());
            assertEquals(chain.sections().stream().map(Section::result).toList(),
                    delayed.sections().stream().map(Section::result).toList());
        }
    }

    @Test
    void passesTheSimulationLikeTheChain() {
        for (int place = 0; place < Delays.places(LoadCbneMemcpyStore.RELAXED); place++) {
            Chain delayed = Delays.ahead(LoadCbneMemcpyStore.RELAXED, place);
            assertEquals(delayed, SimulationProof.of(delayed, 1).chain());
        }
    }

    @Test
    void refusesAPlaceOutOfRange() {
        assertThrows(IndexOutOfBoundsException.class, () -> Delays.ahead(LoadAddStore.TWO, -1));
        assertThrows(IndexOutOfBoundsException.class, () -> Delays.ahead(LoadAddStore.TWO, 2));
    }
}
