package io.github.rseq4j.cli.selftest.storm;

import static io.github.rseq4j.ir.Operand.arg;
import static io.github.rseq4j.ir.Operand.imm;
import static io.github.rseq4j.ir.Operand.temp;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.ir.Mem;
import io.github.rseq4j.ir.Section;
import io.github.rseq4j.ir.Step.Add;
import io.github.rseq4j.ir.Step.CommitStore;
import io.github.rseq4j.ir.Step.ExitIf;
import io.github.rseq4j.ir.Step.Load;
import io.github.rseq4j.ir.Step.Store;
import io.github.rseq4j.ir.Step.Subtract;
import io.github.rseq4j.ir.Width;
import io.github.rseq4j.memory.Cells;
import io.github.rseq4j.section.Condition;
import io.github.rseq4j.section.Order;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.IntConsumer;

/** A stack of words for each index, in an array. A token is a word. */
final class WordBuffer implements Bag {
    /* How it works
     *
     *   cells:   | count | word 0 | word 1 | ...
     *
     *   push(buffer, word):                          pop(buffer):
     *     t0 = count[index]                            t0 = count[index]
     *     exit 0 if t0 >= capacity                     exit 0 if t0 == 0
     *     word t0[index] = word                        t0 -= 1
     *     t0 += 1                                      t1 = word t0[index]
     *     commit count[index] = t0                     commit count[index] = t0; result t1
     *
     * The kernel's test names the CPU first, so it reads the count before the section and compares it inside
     * (cmpeqv_trystorev_storev, cmpeqv_cmpeqv_storev). A section that reads its index itself must load the count
     * itself.
     */
    static final int CAPACITY = 24;
    static final int FIRST_WORD = Long.BYTES;

    private static final Operation PUSH = Operation.of(Chain.of(2, new Section("storm_buffer_push", List.of(
            new Load(temp(0), Mem.cell(arg(0)), Width.LONG),
            new ExitIf(Condition.ABOVE_OR_EQUAL, temp(0), imm(CAPACITY), Width.LONG, 0),
            new Store(Mem.element(arg(0), FIRST_WORD, temp(0), Long.BYTES), arg(1), Width.LONG),
            new Add(temp(0), imm(1)),
            new CommitStore(Mem.cell(arg(0)), temp(0), Width.LONG, Order.RELAXED)), null)));
    private static final Operation POP = Operation.of(Chain.of(1, new Section("storm_buffer_pop", List.of(
            new Load(temp(0), Mem.cell(arg(0)), Width.LONG),
            new ExitIf(Condition.EQUAL, temp(0), imm(0), Width.LONG, 0),
            new Subtract(temp(0), imm(1)),
            new Load(temp(1), Mem.element(arg(0), FIRST_WORD, temp(0), Long.BYTES), Width.LONG),
            new CommitStore(Mem.cell(arg(0)), temp(0), Width.LONG, Order.RELAXED)), temp(1))));
    private static final int TOKENS = 96;

    private final Engine engine = Engine.get();
    private final long buffer = Cells.get().allocate(this, 1 + CAPACITY);

    /** Returns the address of the count's copy at an index. */
    long count(int index) {
        return buffer + ((long) index << Engine.STRIDE_SHIFT);
    }

    @Override
    public String name() {
        return "buffer";
    }

    @Override
    public int tokens() {
        return TOKENS;
    }

    @Override
    public boolean put(int token, int lane, SplittableRandom random) {
        return PUSH.call(random, buffer, token) >= 0;
    }

    @Override
    public long take(int lane, SplittableRandom random) {
        long word = POP.call(random, buffer);
        return word < 0 ? EMPTY : word;
    }

    @Override
    public void visit(IntConsumer visitor) {
        for (int index = 0; index < engine.copies(); index++) {
            long count = Math.clamp(engine.memory().getLong(count(index)), 0, CAPACITY);
            for (int i = 0; i < count; i++) {
                visitor.accept((int) engine.memory().getLong(count(index) + FIRST_WORD + (long) i * Long.BYTES));
            }
        }
    }

    @Override
    public List<Operation> sections() {
        return List.of(PUSH, POP);
    }
}
