package io.github.rseq4j.sections;

import static io.github.rseq4j.ir.Operand.arg;
import static io.github.rseq4j.ir.Operand.imm;
import static io.github.rseq4j.ir.Operand.temp;

import io.github.rseq4j.ir.Assumption;
import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.ir.Mem;
import io.github.rseq4j.ir.Operand;
import io.github.rseq4j.ir.Operand.Reg;
import io.github.rseq4j.ir.Section;
import io.github.rseq4j.ir.Step;
import io.github.rseq4j.ir.Width;
import io.github.rseq4j.section.Condition;
import io.github.rseq4j.section.Order;
import java.util.List;

/**
 * Rings in arrays: push of a word, and of a record of bytes. Each index has a ring. The threads of the index push to
 * it; one drainer, on any CPU, takes from it.
 *
 * <pre>
 *   cells:  | head | - x7 | tail | - x7 | slots ... |
 *
 *   head    the amount pushed since the beginning, in words or bytes; only sections write it
 *   tail    the amount taken of that; only the drainer writes it
 * </pre>
 *
 * Both only increase. The ring is empty if they are equal, so memory of zeros is an empty ring. They lie a cache line
 * apart, so that a drainer that frees slots one by one does not take the head's line from its CPU.
 *
 * <p>A record is a word with its length, and then its bytes, rounded up to words. A record does not wrap around the end
 * of the ring: if the rest is too short, the rest is padded first. All sections leave by exit 0 if the ring is full. A
 * ring of one producer with counters that only increase is Lamport's; the padding is common in logs.
 */
public final class ArrayRing {
    /** Offset of the tail, in bytes. */
    public static final int TAIL_BYTES = 8 * Long.BYTES;
    /** Offset of the slots, in bytes. */
    public static final int HEADER_BYTES = 2 * TAIL_BYTES;
    /** The length that marks padding up to the end. */
    public static final long PADDING = -1;
    /** The exit of a full ring. */
    public static final int EXIT_FULL = 0;
    /** The exit of a record that does not fit before the end, and of padding that is no longer needed. */
    public static final int EXIT_END = 1;

    private static final Reg HEAD = temp(0);
    private static final Reg AT = temp(1);
    private static final Reg TAIL = temp(2);
    private static final Reg REST = temp(2);
    private static final Reg USED = temp(3);

    /** Arguments: the cells, a word, the capacity in words, and the capacity - 1. */
    public static final Chain PUSH = chain("ring_push_release", 4,
            load(HEAD, head()),
            load(TAIL, tail()),
            new Step.Move(USED, HEAD),
            new Step.Subtract(USED, TAIL),
            exit(EXIT_FULL, USED, Condition.ABOVE_OR_EQUAL, arg(2)),
            new Step.Move(AT, HEAD),
            new Step.And(AT, arg(3)),
            new Step.Store(Mem.element(arg(0), HEADER_BYTES, AT, Long.BYTES), arg(1), Width.LONG),
            new Step.Add(HEAD, imm(1)),
            commit());

    /**
     * Arguments: the cells, the record's address and length, the bytes that it needs, the capacity in bytes, and the
     * capacity - 1.
     */
    public static final Chain PUSH_RECORD = chain("ring_push_memcpy_release", 6,
            load(HEAD, head()),
            load(TAIL, tail()),
            new Step.Move(USED, HEAD),
            new Step.Add(USED, arg(3)),
            new Step.Subtract(USED, TAIL),
            exit(EXIT_FULL, arg(4), Condition.BELOW, USED),
            new Step.Move(AT, HEAD),
            new Step.And(AT, arg(5)),
            new Step.Move(USED, AT),
            new Step.Add(USED, arg(3)),
            exit(EXIT_END, arg(4), Condition.BELOW, USED),
            new Step.Copy(slot(Long.BYTES), arg(1), arg(2), Section.MAX_COPY_BYTES),
            new Step.Store(slot(0), arg(2), Width.LONG),
            new Step.Add(HEAD, arg(3)),
            commit());

    /** Arguments: the cells, the bytes that a record needs, the capacity in bytes, and the capacity - 1. */
    public static final Chain PAD = chain("ring_pad_release", 4,
            load(HEAD, head()),
            new Step.Move(AT, HEAD),
            new Step.And(AT, arg(3)),
            new Step.Move(REST, arg(2)),
            new Step.Subtract(REST, AT),
            exit(EXIT_END, REST, Condition.ABOVE_OR_EQUAL, arg(1)),
            new Step.Add(HEAD, REST),
            load(TAIL, tail()),
            new Step.Move(USED, HEAD),
            new Step.Subtract(USED, TAIL),
            exit(EXIT_FULL, arg(2), Condition.BELOW, USED),
            new Step.Store(slot(0), imm(PADDING), Width.LONG),
            commit());

    private ArrayRing() {}

    /** Returns a chain whose last argument is the capacity - 1, from which only addresses of slots are computed. */
    private static Chain chain(String name, int arguments, Step... steps) {
        return Chain.of(arguments, new Section(name, List.of(steps), null, List.of(Assumption.apart(arg(arguments - 1),
                "slots lie after head and tail, and a record comes from memory outside of the cells"))));
    }

    private static Step load(Reg target, Mem from) {
        return new Step.Load(target, from, Width.LONG);
    }

    private static Step exit(int exit, Reg left, Condition condition, Operand right) {
        return new Step.ExitIf(condition, left, right, Width.LONG, exit);
    }

    private static Mem head() {
        return Mem.cell(arg(0));
    }

    private static Mem tail() {
        return Mem.cell(arg(0), TAIL_BYTES);
    }

    private static Mem slot(int behindBytes) {
        return Mem.element(arg(0), HEADER_BYTES + behindBytes, AT, 1);
    }

    private static Step commit() {
        return new Step.CommitStore(head(), HEAD, Width.LONG, Order.RELEASE);
    }
}
