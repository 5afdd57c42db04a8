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
 * Rings in arrays: push of a word, and of a record of bytes. Each index has a ring that the threads of this index push
 * to, and that one drainer, on any CPU, takes from.
 *
 * <pre>
 *   cells:  | head | - x7 | tail | - x7 | slots ... |
 *
 *   head    how much was pushed since the beginning: words, or bytes; sections alone write it
 *   tail    how much of that was taken; the drainer alone writes it
 * </pre>
 *
 * Both count up for ever, so the ring is empty where they are equal, and memory of zeros is an empty ring. They lie a
 * cache line apart: a drainer that frees slots one by one does not take the line of the head from its CPU.
 *
 * <p>A record is a word that holds its length, and its bytes behind it, rounded up to words. It does not go around the
 * end; when the rest up to there is too short, that rest is padded first. All of them leave by exit 0 when the ring is
 * full. A single-producer ring with counters that are never reduced is Lamport's; the padding is that of many logs.
 */
public final class ArrayRing {
    /** Where it lies what the drainer has taken. */
    public static final int TAIL_BYTES = 8 * Long.BYTES;
    /** Where the slots lie. */
    public static final int HEADER_BYTES = 2 * TAIL_BYTES;
    /** The length that stands for padding up to the end. */
    public static final long PADDING = -1;
    /** The exit of what is full. */
    public static final int EXIT_FULL = 0;
    /** The exit of a record that does not fit ahead of the end, and of padding that is not needed any more. */
    public static final int EXIT_END = 1;

    private static final Reg HEAD = temp(0);
    private static final Reg AT = temp(1);
    private static final Reg TAIL = temp(2);
    private static final Reg REST = temp(2);
    private static final Reg USED = temp(3);

    /** The cells, a word, the capacity in words, and that less 1. */
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
     * The cells, where the record is, its length in bytes, what it needs in bytes, the capacity in bytes, and that less
     * 1.
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

    /** The cells, what a record needs in bytes, the capacity in bytes, and that less 1. */
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

    /** A chain whose last argument is the capacity less 1, which no address but a slot's is made of. */
    private static Chain chain(String name, int arguments, Step... steps) {
        return Chain.of(arguments, new Section(name, List.of(steps), null, List.of(Assumption.apart(arg(arguments - 1),
                "slots lie behind head and tail, and a record comes from memory outside of the cells"))));
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
