package io.github.rseq4j.proof;

import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.ir.Operand;
import io.github.rseq4j.ir.Section;
import io.github.rseq4j.ir.Step;
import java.util.ArrayList;
import java.util.List;

/** Chains whose addresses depend on the clock, with the time as an argument. */
public final class GivenTime {
    private GivenTime() {}

    /**
     * Returns a chain whose accesses can be predicted: the same chain unless an address depends on a timestamp. Then
     * the chain takes the time as one more argument, and has a step {@code Move} in the place of each timestamp. All
     * other steps, and so their instructions, are the same.
     *
     * @param chain the chain
     */
    public static Chain of(Chain chain) {
        if (!new Uses(chain).hasPlaceByTime()) {
            return chain;
        }
        List<Section> sections = new ArrayList<>();
        for (Section section : chain.sections()) {
            List<Step> steps = new ArrayList<>(section.steps());
            steps.replaceAll(step -> step instanceof Step.Timestamp timestamp
                    ? new Step.Move(timestamp.target(), Operand.arg(chain.arguments())) : step);
            sections.add(section.with(steps));
        }
        return new Chain(chain.name(), chain.arguments() + 1, chain.restarts(), sections, chain.index());
    }
}
