package io.github.rseq4j.cli.selftest.storm;

import static io.github.rseq4j.ir.Operand.arg;
import static io.github.rseq4j.ir.Operand.imm;
import static io.github.rseq4j.ir.Operand.temp;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.ir.Mem;
import io.github.rseq4j.ir.Section;
import io.github.rseq4j.ir.Step.CommitAdd;
import io.github.rseq4j.ir.Step.ExitIf;
import io.github.rseq4j.ir.Step.Load;
import io.github.rseq4j.ir.Width;
import io.github.rseq4j.memory.Cells;
import io.github.rseq4j.section.Condition;
import io.github.rseq4j.section.Order;
import java.lang.invoke.VarHandle;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.LongAdder;

/**
 * Threads add to the nodes of the active list, to which one word leads. A manager writes another list to that word and
 * fences. After that the former list must not change any more, and the manager empties it (I9).
 */
final class SwitchStorm implements Storm {
    /* How it works
     *
     *   active ---> cells of list A:   | head | node's count |        and the same of list B
     *                                     +------^
     *
     *   add(active):
     *     t0 = *active
     *     exit 0 if t0 == 0
     *     t1 = head[index] of t0
     *     commit *t1 += 1
     *
     * A section that has loaded the former list may be at any step when the manager writes the other list. If it
     * committed after the fence, the storm would find that in two ways: the former list changes while the manager
     * watches it, and the addition is lost when the manager empties the list. After the kernel's test of membarrier,
     * which watches the list and does not empty it.
     */
    private static final Operation ADD = Operation.of(Chain.of(1, new Section("storm_switch_add", List.of(
            new Load(temp(0), Mem.at(arg(0), 0), Width.LONG),
            new ExitIf(Condition.EQUAL, temp(0), imm(0), Width.LONG, 0),
            new Load(temp(1), Mem.cell(temp(0)), Width.LONG),
            new CommitAdd(Mem.at(temp(1), 0), imm(1), Width.LONG, Order.RELAXED)), null)));
    private static final int LOOKS = 20;

    private final Engine engine = Engine.get();
    private final String name;
    private final Fence fence;
    /** The copy at index 0 is the word; the other copies are not used. */
    private final long active = Cells.get().allocate(this, 1);
    private final long[] lists = {Cells.get().allocate(this, 2), Cells.get().allocate(this, 2)};
    private final LongAdder added = new LongAdder();
    private final Faults faults = new Faults();
    private long taken;

    /** Ensures that no section that was running is still running. */
    @FunctionalInterface
    interface Fence {
        /**
         * Fences.
         *
         * @param cpus the CPUs on which the storm's threads may run; empty for all
         * @param random selects one of several ways to fence
         */
        void fence(int[] cpus, SplittableRandom random);
    }

    /**
     * Creates the storm.
     *
     * @param name its name, for reports
     * @param fence the fence of the manager
     */
    SwitchStorm(String name, Fence fence) {
        this.name = name;
        this.fence = fence;
        for (long list : lists) {
            for (int index = 0; index < engine.copies(); index++) {
                engine.memory().putLong(slot(list, index), count(list, index));
            }
        }
        engine.memory().putLong(active, lists[0]);
    }

    private static long slot(long list, int index) {
        return list + ((long) index << Engine.STRIDE_SHIFT);
    }

    private static long count(long list, int index) {
        return slot(list, index) + Long.BYTES;
    }

    private long sum(long list) {
        long sum = 0;
        for (int index = 0; index < engine.copies(); index++) {
            sum += engine.memory().getLong(count(list, index));
        }
        return sum;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public void work(Weather weather, SplittableRandom random) {
        while (!weather.isOver()) {
            if (ADD.call(random, active) >= 0) {
                added.increment();
            }
            weather.breathe(random);
        }
    }

    @Override
    public void manage(Weather weather, SplittableRandom random) {
        int[] cpus = weather.cpus();
        for (int round = 0; !weather.isOver(); round++) {
            long former = lists[round % 2];
            VarHandle.releaseFence();
            engine.memory().putLong(active, lists[(round + 1) % 2]);
            fence.fence(cpus, random);
            long expected = sum(former);
            for (int look = random.nextInt(LOOKS); look >= 0; look--) {
                weather.breathe(random);
                faults.requireEqual("the list that is not active", expected, sum(former));
            }
            for (int index = 0; index < engine.copies(); index++) {
                taken += engine.memory().getLong(count(former, index));
                engine.memory().putLong(count(former, index), 0);
            }
        }
    }

    @Override
    public void settle(Faults found) {
        faults.list().forEach(found::add);
        found.requireEqual("added", added.sum(), taken + sum(lists[0]) + sum(lists[1]));
    }

    @Override
    public long operations() {
        return added.sum();
    }

    @Override
    public List<Operation> sections() {
        return List.of(ADD);
    }
}
