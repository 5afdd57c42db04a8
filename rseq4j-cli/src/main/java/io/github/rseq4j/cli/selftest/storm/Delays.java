package io.github.rseq4j.cli.selftest.storm;

import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.ir.Operand;
import io.github.rseq4j.ir.Section;
import io.github.rseq4j.ir.Step;
import java.util.ArrayList;
import java.util.List;

/**
 * Inserts a delay before a step of a section, so that rare events between two instructions (a preemption, a signal, an
 * access of another CPU) become frequent. The kernel's tests do the same with a loop at nine places of their sections.
 */
public final class Delays {
    /** The longest delay, in iterations: some microseconds, in which a fence or a signal is likely. */
    public static final int MAX_ITERATIONS = 1 << 14;

    private Delays() {}

    /** Returns the number of places for a delay, which is the number of steps of a chain. */
    static int places(Chain chain) {
        return chain.sections().stream().mapToInt(section -> section.steps().size()).sum();
    }

    /**
     * Returns a chain with a delay before one step. It has one more argument, the last one: the length of the delay, 0
     * to {@link #MAX_ITERATIONS} iterations.
     *
     * @param chain the chain
     * @param place the number of the step, from 0, counted through all sections
     * @throws IndexOutOfBoundsException if there is no such step
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
