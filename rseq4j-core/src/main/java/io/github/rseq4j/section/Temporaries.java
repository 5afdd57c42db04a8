package io.github.rseq4j.section;

import io.github.rseq4j.ir.Operand;
import io.github.rseq4j.ir.Operand.Reg;
import io.github.rseq4j.ir.Section;
import io.github.rseq4j.ir.Step;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Gives each temporary of a draft one of the machine's temporaries. A draft has as many temporaries as steps produce,
 * the machine has {@link Section#MAX_TEMPORARIES}.
 */
final class Temporaries {
    /* How it works
     *
     * Linear scan (Poletto and Sarkar, 1999). A section is a straight line, so a temporary is live from the step that
     * produces it to the last step that reads it, and the result to the end. The step that reads a temporary for the
     * last time may produce another one in the same place: every lowering reads a step's operands before it writes the
     * target.
     *
     * More steps only make live ranges longer. So a draft that passes here at each step passes as a whole, and the
     * step that makes it fail is the one that reads a temporary too late.
     */
    private static final int NONE = -1;

    private final List<Step> steps;
    private final int[] lastReads = new int[Section.MAX_STEPS];
    private final Reg[] machine = new Reg[Section.MAX_STEPS];
    private @Nullable String broken;

    /**
     * Assigns the temporaries of a section, or of its steps so far.
     *
     * @param steps the steps
     * @param result the section's result, or null
     */
    Temporaries(List<Step> steps, @Nullable Reg result) {
        this.steps = steps;
        Arrays.fill(lastReads, NONE);
        for (int i = 0; i < steps.size(); i++) {
            for (Reg reg : steps.get(i).reads()) {
                noteRead(reg, i);
            }
        }
        if (result != null) {
            noteRead(result, steps.size());
        }
        assign();
    }

    private void noteRead(Reg reg, int step) {
        if (!reg.isArgument()) {
            lastReads[reg.number()] = step;
        }
    }

    private void assign() {
        int[] holders = new int[Section.MAX_TEMPORARIES];
        Arrays.fill(holders, NONE);
        for (int i = 0; i < steps.size() && broken == null; i++) {
            Reg target = steps.get(i).writes();
            if (target != null && machine[target.number()] == null) {
                int place = free(holders, i);
                if (place == NONE) {
                    broken = tooMany(holders, target, i);
                } else {
                    holders[place] = target.number();
                    machine[target.number()] = Operand.temp(place);
                }
            }
        }
    }

    /** Returns the first place whose temporary no step after this one reads. */
    private int free(int[] holders, int step) {
        for (int place = 0; place < holders.length; place++) {
            if (holders[place] == NONE || lastReads[holders[place]] <= step) {
                return place;
            }
        }
        return NONE;
    }

    private String tooMany(int[] holders, Reg target, int step) {
        List<String> live = new ArrayList<>();
        for (int holder : holders) {
            live.add(Operand.temp(holder).toString());
        }
        live.sort(null);
        live.add(target.toString());
        return "after step " + step + " (" + steps.get(step) + ") " + live.size() + " temporaries are live, "
                + String.join(", ", live) + ", and the machine has " + holders.length
                + "; read one of them for the last time before that step, or compute it again after it";
    }

    /** Returns the rule that the draft breaks, with the step and the temporaries that are live after it; or null. */
    @Nullable String broken() {
        return broken;
    }

    /**
     * Returns the machine's register for a register of the draft.
     *
     * @param reg an argument, or a temporary that a step produces
     */
    Reg of(Reg reg) {
        return reg.isArgument() ? reg : machine[reg.number()];
    }
}
