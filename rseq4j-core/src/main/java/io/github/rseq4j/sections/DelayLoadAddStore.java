package io.github.rseq4j.sections;

import static io.github.rseq4j.ir.Operand.arg;

import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.ir.Mem;
import io.github.rseq4j.ir.Operand;
import io.github.rseq4j.ir.Section;
import io.github.rseq4j.ir.Step.CommitAdd;
import io.github.rseq4j.ir.Step.Delay;
import io.github.rseq4j.ir.Width;
import io.github.rseq4j.section.Order;
import java.util.List;

/**
 * {@code delay_load_add_store}: waits inside the section and then adds 1 to a word. It is the section of the self-test.
 * It is not restarted, so its caller sees each abort.
 *
 * <pre>
 *   delay_load_add_store_relaxed(cell, iterations):
 *     delay iterations
 *     commit cell[index] += 1
 * </pre>
 */
public final class DelayLoadAddStore {
    /** The longest delay, in iterations: some hundred microseconds. */
    public static final int MAX_ITERATIONS = 1 << 19;

    /** Arguments: the cell's address at index 0, and the length of the delay. */
    public static final Chain CHAIN = new Chain("delay_load_add_store_relaxed", 2, 0, List.of(new Section(
            "delay_load_add_store_relaxed",
            List.of(new Delay(arg(1), MAX_ITERATIONS),
                    new CommitAdd(Mem.cell(arg(0)), Operand.imm(1), Width.LONG, Order.RELAXED)),
            null)));

    private DelayLoadAddStore() {}
}
