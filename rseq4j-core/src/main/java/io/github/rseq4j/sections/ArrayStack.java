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
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Stacks in arrays: push and pop of a word, of several words in one copy, and of a record of bytes. Each index has two
 * arrays, and a word that selects the array in use. To take the elements of an index, a thread selects the other array,
 * fences, and then has the former array alone (I9).
 *
 * <pre>
 *   cells:  | which | used 0 | from 0 | used 1 | from 1 | - | elements of array 0 ... | elements of array 1 ... |
 *
 *   which   the distance from array 0's words to those of the array in use, in bytes; or CLOSED
 *   used    the bytes of elements in the array
 *   from    the distance from the header to the elements, in bytes: 0 for array 0
 * </pre>
 *
 * Memory of zeros is an empty stack. The words of array 1 are written before its first use. The sixth word is unused,
 * so that the small numbers of a proof's scenario, for which and from, select no word of the header as an element.
 *
 * <p>All sections leave by exit 0 if the array is full or has too few elements, and by exit 1 if it is closed. After
 * the kernel's rseq selftest (percpu buffer) and tcmalloc's slabs.
 */
public final class ArrayStack {
    /** Offset of array 0's number of used bytes, in bytes. */
    public static final int USED_BYTES = Long.BYTES;
    /** Offset of array 0's from, in bytes. */
    public static final int FROM_BYTES = 2 * Long.BYTES;
    /** The distance from array 0's words to those of array 1, in bytes. */
    public static final long ARRAY_1 = 2L * Long.BYTES;
    /** Offset of the elements, in bytes. */
    public static final int HEADER_BYTES = 6 * Long.BYTES;
    /** The value of which if no array is in use. */
    public static final long CLOSED = -1;
    /** The exit of an array that is full or has too few elements. */
    public static final int EXIT_REFUSED = 0;
    /** The exit of a closed stack. */
    public static final int EXIT_CLOSED = 1;
    /** The exit of a negative word, which cannot be a result. The section that copies words pops it. */
    public static final int EXIT_NEGATIVE = 2;

    private static final Reg WHICH = temp(0);
    private static final Reg USED = temp(1);
    private static final Reg ELEMENT = temp(2);
    private static final Reg LENGTH = temp(3);

    private static final Assumption ELEMENTS_APART = Assumption.apart(Mem.element(arg(0), FROM_BYTES, WHICH, 1),
            "elements lie after the header, and the caller's memory is outside of the cells");
    private static final Assumption INTO_APART = Assumption.apart(arg(1),
            "the caller pops to memory of its own, outside of the cells");

    /** Arguments: the cells, the capacity in bytes, and a word. */
    public static final Chain PUSH = chain("array_push_release", 3, null, ELEMENTS_APART,
            exit(EXIT_REFUSED, USED, Condition.ABOVE_OR_EQUAL, arg(1)),
            from(),
            new Step.Add(ELEMENT, USED),
            new Step.Store(element(), arg(2), Width.LONG),
            new Step.Add(USED, imm(Long.BYTES)),
            commit(USED, Order.RELEASE));

    /** Argument: the cells. The result is the word; a negative word leaves by exit 2. */
    public static final Chain POP = chain("array_pop_relaxed", 1, ELEMENT, ELEMENTS_APART,
            exit(EXIT_REFUSED, USED, Condition.EQUAL, imm(0)),
            new Step.Subtract(USED, imm(Long.BYTES)),
            from(),
            new Step.Add(ELEMENT, USED),
            new Step.Load(ELEMENT, element(), Width.LONG),
            exit(EXIT_NEGATIVE, ELEMENT, Condition.ABOVE_OR_EQUAL, imm(Long.MIN_VALUE)),
            commit(USED, Order.RELAXED));

    /** Arguments: the cells, the capacity in bytes, the address of the words, and their length in bytes. */
    public static final Chain PUSH_BATCH = chain("array_push_memcpy_release", 4, null, ELEMENTS_APART,
            from(),
            new Step.Add(ELEMENT, USED),
            new Step.Add(USED, arg(3)),
            exit(EXIT_REFUSED, arg(1), Condition.BELOW, USED),
            new Step.Copy(element(), arg(2), arg(3), Section.MAX_COPY_BYTES),
            commit(USED, Order.RELEASE));

    /** Arguments: the cells, the address for the words, and their length in bytes. */
    public static final Chain POP_BATCH = chain("array_pop_memcpy_relaxed", 3, null, INTO_APART,
            exit(EXIT_REFUSED, USED, Condition.BELOW, arg(2)),
            new Step.Subtract(USED, arg(2)),
            from(),
            new Step.Add(ELEMENT, USED),
            new Step.Address(ELEMENT, element()),
            new Step.Copy(Mem.at(arg(1), 0), ELEMENT, arg(2), Section.MAX_COPY_BYTES),
            commit(USED, Order.RELAXED));

    /**
     * Arguments: the cells, the capacity in bytes, the record's address and length, and its length rounded up to words.
     * The word after the record holds its length, by which it is popped.
     */
    public static final Chain PUSH_RECORD = chain("array_push_memcpy_length_release", 5, null, ELEMENTS_APART,
            from(),
            new Step.Add(ELEMENT, USED),
            new Step.Add(USED, arg(4)),
            new Step.Add(USED, imm(Long.BYTES)),
            exit(EXIT_REFUSED, arg(1), Condition.BELOW, USED),
            new Step.Copy(element(), arg(2), arg(3), Section.MAX_COPY_BYTES),
            new Step.Add(ELEMENT, arg(4)),
            new Step.Store(element(), arg(3), Width.LONG),
            commit(USED, Order.RELEASE));

    /** Arguments: the cells, and the address for the record. The result is its length in bytes. */
    public static final Chain POP_RECORD = chain("array_pop_length_memcpy_relaxed", 2, LENGTH, INTO_APART,
            exit(EXIT_REFUSED, USED, Condition.EQUAL, imm(0)),
            new Step.Subtract(USED, imm(Long.BYTES)),
            from(),
            new Step.Add(ELEMENT, USED),
            new Step.Load(LENGTH, element(), Width.LONG),
            new Step.Move(ELEMENT, LENGTH),
            new Step.Add(ELEMENT, imm(Long.BYTES - 1)),
            new Step.And(ELEMENT, imm(-Long.BYTES)),
            new Step.Subtract(USED, ELEMENT),
            from(),
            new Step.Add(ELEMENT, USED),
            new Step.Address(ELEMENT, element()),
            new Step.Copy(Mem.at(arg(1), 0), ELEMENT, LENGTH, Section.MAX_COPY_BYTES),
            commit(USED, Order.RELAXED));

    private ArrayStack() {}

    /** Returns a section that begins with loading which and used of the array in use. */
    private static Chain chain(String name, int arguments, @Nullable Reg result, Assumption layout,
            Step... rest) {
        List<Step> steps = new ArrayList<>(List.of(
                new Step.Load(WHICH, Mem.cell(arg(0)), Width.LONG),
                exit(EXIT_CLOSED, WHICH, Condition.EQUAL, imm(CLOSED)),
                new Step.Load(USED, used(), Width.LONG)));
        steps.addAll(List.of(rest));
        return Chain.of(arguments, new Section(name, steps, result, List.of(layout)));
    }

    private static Step exit(int exit, Reg left, Condition condition, Operand right) {
        return new Step.ExitIf(condition, left, right, Width.LONG, exit);
    }

    private static Step from() {
        return new Step.Load(ELEMENT, Mem.element(arg(0), FROM_BYTES, WHICH, 1), Width.LONG);
    }

    private static Mem used() {
        return Mem.element(arg(0), USED_BYTES, WHICH, 1);
    }

    private static Mem element() {
        return Mem.element(arg(0), HEADER_BYTES, ELEMENT, 1);
    }

    private static Step commit(Reg value, Order order) {
        return new Step.CommitStore(used(), value, Width.LONG, order);
    }
}
