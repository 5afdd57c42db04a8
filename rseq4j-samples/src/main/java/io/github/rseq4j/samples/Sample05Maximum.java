package io.github.rseq4j.samples;

import static io.github.rseq4j.section.Place.cell;

import io.github.rseq4j.percpu.PerCpuItems;
import io.github.rseq4j.section.Condition;
import io.github.rseq4j.section.Order;
import io.github.rseq4j.section.Register;
import io.github.rseq4j.section.RestartableSection;
import io.github.rseq4j.section.SectionBuilder;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/**
 * A section of your own: the highest value that any thread has seen, with a maximum for each CPU in an item of {@code
 * PerCpuItems}, and no compare-and-set.
 *
 * <pre>
 * percpu_max/2 { t0 = [a0 + slot]; exit 0 if t0 ABOVE_OR_EQUAL a1; commit [a0 + slot] = a1; }
 * the highest is 999999
 * changed nothing: true
 * </pre>
 */
final class Sample05Maximum {
    /** The exit of a value that is not higher. */
    private static final int NOT_HIGHER = 0;

    /** Static and final, so that the JIT compiles a direct call of the emitted code. */
    private static final RestartableSection RAISE = section();

    private static RestartableSection section() {
        SectionBuilder steps = new SectionBuilder("percpu_max", 2);
        Register item = steps.argument(0);
        Register value = steps.argument(1);
        Register max = steps.load(cell(item));
        steps.exitIf(max, Condition.ABOVE_OR_EQUAL, value, NOT_HIGHER);
        return steps.commitStore(cell(item), value, Order.RELAXED).build();
    }

    static void main() {
        System.out.println(RAISE);
        try (PerCpuItems items = new PerCpuItems(Long.BYTES)) {
            long item = items.allocate();
            LongStream.range(0, 1_000_000).parallel().forEach(value -> RAISE.call(item, value));
            System.out.println("the highest is " + IntStream.range(0, items.copies())
                    .mapToLong(index -> items.getLong(item, index, 0)).max().orElseThrow());
            System.out.println("changed nothing: " + RAISE.call(item, 0).isExit(NOT_HIGHER));
        }
    }
}
