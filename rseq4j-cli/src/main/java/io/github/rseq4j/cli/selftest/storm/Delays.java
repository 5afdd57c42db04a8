package io.github.rseq4j.cli.selftest.storm;

import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.ir.Operand;
import io.github.rseq4j.ir.Section;
import io.github.rseq4j.ir.Step;
import java.util.ArrayList;
import java.util.List;

/**
 * Puts a delay ahead of a step, so that what happens seldom between two instructions (a preemption, a signal, another
 * CPU's access) happens often. The kernel's tests do the same by a loop at each of nine places of their sections.
 */
public final class Delays {
    /** The longest delay, in iterations: some microseconds, in which a fence or a signal may well come. */
    public static final int MAX_ITERATIONS = 1 << 14;

    private Delays() {}

    /** Returns how many steps a chain has: so many places for a delay. */
    static int places(Chain chain) {
        return chain.sections().stream().mapToInt(section -> section.steps().size()).sum();
    }

    /**
     * Returns a chain with a delay ahead of one step. It does the same, and takes one argument more, the last one: how
     * many iterations it waits, 0 to {@link #MAX_ITERATIONS}.
     *
     * @param chain the chain
     * @param place the step's number, from 0, counted through all sections
     * @throws IndexOutOfBoundsException when there is no such step
     */
    static Chain ahead(Chain chain, int place) {
        if (place < 0 || place >= places(chain)) {
            throw new IndexOutOfBoundsException("place=" + place + ", must be 0 to " + (places(chain) - 1));
        }
        List<Section> sections = new ArrayList<>();
        int left = place;
        for (Section section : chain.sections()) {
            int steps = section.steps().size();
            boolean isHere = left >= 0 && left < steps;
            sections.add(isHere ? delayed(section, left, chain.arguments()) : section);
            left -= steps;
        }
        return new Chain(chain.name() + "_delay_" + place, chain.arguments() + 1, chain.restarts(), sections);
    }

    private static Section delayed(Section section, int step, int argument) {
        List<Step> steps = new ArrayList<>(section.steps());
        steps.add(step, new Step.Delay(Operand.arg(argument), MAX_ITERATIONS));
        return section.with(steps);
    }
}
