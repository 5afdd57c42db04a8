package io.github.rseq4j.percpu;

import static io.github.rseq4j.ir.Operand.arg;
import static io.github.rseq4j.ir.Operand.temp;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.ir.Mem;
import io.github.rseq4j.ir.Operand;
import io.github.rseq4j.ir.Section;
import io.github.rseq4j.ir.Step;
import io.github.rseq4j.ir.Width;
import io.github.rseq4j.kernel.Native;
import io.github.rseq4j.proof.SimulationProof;
import io.github.rseq4j.section.Condition;
import io.github.rseq4j.section.Order;
import io.github.rseq4j.sections.LoadAddStore;
import java.lang.invoke.MethodHandle;
import java.util.List;

/** Sections that the tests of items run. */
final class ItemSections {
    /**
     * Loads an item's address inside the section, dwells, adds 1: the arguments are the pointer's address and the
     * length of the dwell.
     */
    static final Chain LOAD_DELAY_ADD = new Chain("load_cbeq_delay_load_add_store", 2, Chain.MAX_RESTARTS,
            List.of(new Section("load_cbeq_delay_load_add_store_relaxed", List.of(
                    new Step.Load(temp(0), Mem.at(arg(0), 0), Width.LONG),
                    new Step.ExitIf(Condition.EQUAL, temp(0), Operand.imm(0), Width.LONG, 0),
                    new Step.Delay(arg(1), Section.MAX_DELAY),
                    new Step.CommitAdd(Mem.cell(temp(0)), Operand.imm(1), Width.LONG, Order.RELAXED)), null)));

    /**
     * The lock's section, which dwells after it has found the word free and before it takes it: the arguments are the
     * cell and the length of the dwell.
     */
    static final Chain LOAD_DELAY_STORE = new Chain("load_cbne_delay_address_store", 2, Chain.MAX_RESTARTS,
            List.of(new Section("load_cbne_delay_address_store_relaxed", List.of(
                    new Step.Load(temp(0), Mem.cell(arg(0)), Width.LONG),
                    new Step.ExitIf(Condition.NOT_EQUAL, temp(0), Operand.imm(0), Width.LONG, 0),
                    new Step.Delay(arg(1), Section.MAX_DELAY),
                    new Step.Address(temp(1), Mem.cell(arg(0))),
                    new Step.CommitStore(Mem.cell(arg(0)), Operand.imm(1), Width.LONG, Order.RELAXED)), temp(1))));

    private static final MethodHandle ADD = Engine.get().handle(LoadAddStore.ONE);

    private ItemSections() {}

    /** Makes the handle of a chain that the engine does not list. */
    static MethodHandle handle(Chain chain) {
        Engine.get().admit(SimulationProof.of(chain, 42));
        return Engine.get().handle(chain);
    }

    static void add(long cell, long delta) {
        long status = call(ADD, cell, delta);
        if (status < 0) {
            Engine.get().complete(LoadAddStore.ONE, status, cell, delta);
        }
    }

    static long call(MethodHandle handle, long first, long second) {
        try {
            return (long) handle.invokeExact(first, second);
        } catch (Throwable t) {
            throw Native.rethrown(t);
        }
    }

    static long sum(PerCpuItems items, long item) {
        long sum = 0;
        for (int index = 0; index < items.copies(); index++) {
            sum += items.getLong(item, index, 0);
        }
        return sum;
    }
}
