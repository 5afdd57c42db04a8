package io.github.rseq4j.sections;

import static io.github.rseq4j.ir.Operand.arg;
import static io.github.rseq4j.ir.Operand.temp;

import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.ir.Mem;
import io.github.rseq4j.ir.Operand;
import io.github.rseq4j.ir.Section;
import io.github.rseq4j.ir.Step.Address;
import io.github.rseq4j.ir.Step.CommitStore;
import io.github.rseq4j.ir.Step.ExitIf;
import io.github.rseq4j.ir.Step.Load;
import io.github.rseq4j.ir.Width;
import io.github.rseq4j.section.Condition;
import io.github.rseq4j.section.Order;
import java.util.List;

/**
 * {@code load_cbne_address_store}: takes a word that is 0, and returns the address of the copy that was taken. It is
 * the section of locks.
 *
 * <pre>
 *   load_cbne_address_store_relaxed(cell):
 *     t0 = cell[index]
 *     exit 0 if t0 != 0
 *     t1 = address of cell[index]
 *     commit cell[index] = 1
 *     result t1
 * </pre>
 *
 * After rseq_this_cpu_lock of the kernel's selftests, which reads its CPU before the section. Here the section returns
 * the place of its commit, so no later read of the index can disagree.
 */
public final class LoadCbneAddressStore {
    /** The value of a taken word. */
    public static final long TAKEN = 1;
    /** The exit for a word that is not 0. */
    public static final int EXIT_NOT_ZERO = 0;

    /** Argument: the cell's address at index 0. The result is the address of the copy that was taken. */
    public static final Chain CHAIN = Chain.of(1, new Section("load_cbne_address_store_relaxed", List.of(
            new Load(temp(0), Mem.cell(arg(0)), Width.LONG),
            new ExitIf(Condition.NOT_EQUAL, temp(0), Operand.imm(0), Width.LONG, EXIT_NOT_ZERO),
            new Address(temp(1), Mem.cell(arg(0))),
            new CommitStore(Mem.cell(arg(0)), Operand.imm(TAKEN), Width.LONG, Order.RELAXED)), temp(1)));

    private LoadCbneAddressStore() {}
}
