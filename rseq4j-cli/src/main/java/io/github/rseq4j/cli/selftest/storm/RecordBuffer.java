package io.github.rseq4j.cli.selftest.storm;

import static io.github.rseq4j.ir.Operand.arg;
import static io.github.rseq4j.ir.Operand.imm;
import static io.github.rseq4j.ir.Operand.temp;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.ir.Assumption;
import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.ir.Mem;
import io.github.rseq4j.ir.Section;
import io.github.rseq4j.ir.Step.Add;
import io.github.rseq4j.ir.Step.Address;
import io.github.rseq4j.ir.Step.CommitStore;
import io.github.rseq4j.ir.Step.Copy;
import io.github.rseq4j.ir.Step.ExitIf;
import io.github.rseq4j.ir.Step.Load;
import io.github.rseq4j.ir.Step.Subtract;
import io.github.rseq4j.ir.Width;
import io.github.rseq4j.memory.Cells;
import io.github.rseq4j.section.Condition;
import io.github.rseq4j.section.Order;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.IntConsumer;

/** A stack of records of several words for each index, pushed and popped by copying. A token is a record. */
final class RecordBuffer implements Bag {
    /* How it works
     *
     *   cells:   | bytes used | record 0: token, and words derived from it | record 1 | ...
     *
     *   push(buffer, from, length):                  pop(buffer, to, length):
     *     t0 = used[index]                             t0 = used[index]
     *     exit 0 if t0 >= capacity                     exit 0 if t0 == 0
     *     copy length from from to records[t0]         t0 -= length
     *     t0 += length                                 t1 = address of records[t0]
     *     commit used[index] = t0                      copy length from t1 to to
     *                                                  commit used[index] = t0
     *
     * The words of a record are derived from its token, so a damaged record is found. Each thread copies from and to a
     * private record outside of the buffer. An aborted pop may leave anything there; the restart overwrites it.
     */
    static final int RECORD_BYTES = 5 * Long.BYTES;
    static final int FIRST_RECORD = Long.BYTES;
    static final int CAPACITY_BYTES = 16 * RECORD_BYTES;

    private static final List<Assumption> OWN = List.of(Assumption.apart(arg(1),
            "each thread's own record lies outside of the buffer"));
    private static final Operation PUSH = Operation.of(Chain.of(3, new Section("storm_memcpy_push", List.of(
            new Load(temp(0), Mem.cell(arg(0)), Width.LONG),
            new ExitIf(Condition.ABOVE_OR_EQUAL, temp(0), imm(CAPACITY_BYTES), Width.LONG, 0),
            new Copy(Mem.element(arg(0), FIRST_RECORD, temp(0), 1), arg(1), arg(2), RECORD_BYTES),
            new Add(temp(0), arg(2)),
            new CommitStore(Mem.cell(arg(0)), temp(0), Width.LONG, Order.RELAXED)), null, OWN)));
    private static final Operation POP = Operation.of(Chain.of(3, new Section("storm_memcpy_pop", List.of(
            new Load(temp(0), Mem.cell(arg(0)), Width.LONG),
            new ExitIf(Condition.EQUAL, temp(0), imm(0), Width.LONG, 0),
            new Subtract(temp(0), arg(2)),
            new Address(temp(1), Mem.element(arg(0), FIRST_RECORD, temp(0), 1)),
            new Copy(Mem.at(arg(1), 0), temp(1), arg(2), RECORD_BYTES),
            new CommitStore(Mem.cell(arg(0)), temp(0), Width.LONG, Order.RELAXED)), null, OWN)));
    private static final int TOKENS = 64;
    private static final long HASH = 0x9E37_79B9_7F4A_7C15L;

    private final Engine engine = Engine.get();
    private final long buffer = Cells.get().allocate(this, (FIRST_RECORD + CAPACITY_BYTES) / Long.BYTES);
    private final long own;

    /**
     * Creates an empty buffer.
     *
     * @param lanes the number of threads that use it
     */
    RecordBuffer(int lanes) {
        this.own = Cells.get().allocate(this, lanes * RECORD_BYTES / Long.BYTES);
    }

    /** Returns the address of the used length's copy at an index. */
    long used(int index) {
        return buffer + ((long) index << Engine.STRIDE_SHIFT);
    }

    /** Returns the address of a thread's private record. */
    long own(int lane) {
        return own + (long) lane * RECORD_BYTES;
    }

    @Override
    public String name() {
        return "memcpy";
    }

    @Override
    public int tokens() {
        return TOKENS;
    }

    /** Writes a token's record. */
    void write(long record, int token) {
        for (int word = 0; word < RECORD_BYTES / Long.BYTES; word++) {
            engine.memory().putLong(record + (long) word * Long.BYTES, token + word * HASH);
        }
    }

    /** Reads a token from its record. */
    long read(long record) {
        long token = engine.memory().getLong(record);
        for (int word = 1; word < RECORD_BYTES / Long.BYTES; word++) {
            long found = engine.memory().getLong(record + (long) word * Long.BYTES);
            if (found != token + word * HASH) {
                throw new IllegalStateException("token=" + token + ": word " + word + " of its record is another's, "
                        + (found - word * HASH));
            }
        }
        return token;
    }

    @Override
    public boolean put(int token, int lane, SplittableRandom random) {
        write(own(lane), token);
        return PUSH.call(random, buffer, own(lane), RECORD_BYTES) >= 0;
    }

    @Override
    public long take(int lane, SplittableRandom random) {
        write(own(lane), -1);
        return POP.call(random, buffer, own(lane), RECORD_BYTES) < 0 ? EMPTY : read(own(lane));
    }

    @Override
    public void visit(IntConsumer visitor) {
        for (int index = 0; index < engine.copies(); index++) {
            long bytes = Math.clamp(engine.memory().getLong(used(index)), 0, CAPACITY_BYTES);
            for (int at = 0; at < bytes; at += RECORD_BYTES) {
                visitor.accept((int) read(used(index) + FIRST_RECORD + at));
            }
        }
    }

    @Override
    public List<Operation> sections() {
        return List.of(PUSH, POP);
    }
}
