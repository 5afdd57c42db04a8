package io.github.rseq4j.samples;

import static io.github.rseq4j.section.Place.cell;

import io.github.rseq4j.percpu.PerCpuItems;
import io.github.rseq4j.section.Condition;
import io.github.rseq4j.section.Order;
import io.github.rseq4j.section.Register;
import io.github.rseq4j.section.RestartableSection;
import io.github.rseq4j.section.SectionBuilder;
import io.github.rseq4j.section.SectionResult;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * A section of your own: the highest value that any of 1,000 virtual threads has seen, with a maximum for each CPU and
 * no compare-and-set.
 *
 * <pre>
 * percpu_max/2 { t0 = [a0 + slot]; exit 0 if t0 ABOVE_OR_EQUAL a1; commit [a0 + slot] = a1; }
 * the highest is 999999
 * changed nothing: true
 * </pre>
 */
public final class Sample05Maximum {
    /** The exit of a value that is not higher. */
    private static final int NOT_HIGHER = 0;

    /** Static and final, so that the JIT compiles a direct call of the emitted code. */
    private static final RestartableSection RAISE = section();

    private Sample05Maximum() {}

    private static RestartableSection section() {
        SectionBuilder steps = new SectionBuilder("percpu_max", 2);
        Register item = steps.argument(0);
        Register value = steps.argument(1);
        Register max = steps.load(cell(item));
        steps.exitIf(max, Condition.ABOVE_OR_EQUAL, value, NOT_HIGHER);
        return steps.commitStore(cell(item), value, Order.RELAXED).build();
    }

    /**
     * Runs the sample.
     *
     * @param arguments none
     */
    public static void main(String[] arguments) {
        System.out.println(RAISE);
        try (PerCpuItems items = new PerCpuItems(Long.BYTES)) {
            long item = items.allocate();
            try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
                for (int i = 0; i < 1000; i++) {
                    int first = i;
                    threads.execute(() -> {
                        for (int value = first; value < 1_000_000; value += 10_000) {
                            SectionResult _ = RAISE.call(item, value);
                        }
                    });
                }
                threads.execute(() -> RAISE.call(item, 999_999));
            }
            long highest = 0;
            for (int index = 0; index < items.copies(); index++) {
                highest = Math.max(highest, items.getLong(item, index, 0));
            }
            System.out.println("the highest is " + highest);
            System.out.println("changed nothing: " + RAISE.call(item, 0).isExit(NOT_HIGHER));
        }
    }
}
