package io.github.rseq4j.sections;

import static io.github.rseq4j.ir.Operand.arg;
import static io.github.rseq4j.ir.Operand.temp;

import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.ir.Mem;
import io.github.rseq4j.ir.Section;
import io.github.rseq4j.ir.Step.Add;
import io.github.rseq4j.ir.Step.CommitAdd;
import io.github.rseq4j.ir.Step.Load;
import io.github.rseq4j.ir.Width;
import io.github.rseq4j.section.Order;
import java.util.List;

/**
 * {@code load_add_load_load_add_store}: adds to a word that two pointers lead to.
 *
 * <pre>
 *   load_add_load_load_add_store_relaxed(ptr, off, inc):
 *     p = *(ptr[index] + off)
 *     commit *p += inc
 * </pre>
 *
 * Pointers have 8 bytes always; with {@code _int} the word that is added to has 4. Neither pointer is compared with
 * anything: that there is none is a fault. Who replaces one must fence before the memory that it led to is used for
 * something else (I9), because a section may have loaded it and not committed yet. That is what the operation is for.
 *
 * <p>librseq compares the CPU first and takes an offset that belongs to it. Here the index is not known before the
 * section, so the first pointer has a copy for each index. What the copies lead to must be words of their own: in a
 * word that two indices lead to additions are lost.
 *
 * <p>After librseq's rseq_load_add_load_load_add_store__ptr, formerly rseq_offset_deref_addv. The comment there says
 * {@code pval = *(ptr + off)}; the code loads what ptr leads to first, as its name has it.
 */
public final class LoadAddLoadLoadAddStore {
    /** The cell's address at index 0, what is added to the pointer in it, what is added to the word: 8 bytes. */
    public static final Chain RELAXED = chain(Width.LONG);
    /** The same, for a word of 4 bytes. */
    public static final Chain RELAXED_INT = chain(Width.INT);

    private LoadAddLoadLoadAddStore() {}

    private static Chain chain(Width width) {
        return Chain.of(3, new Section(Names.of("load_add_load_load_add_store", Order.RELAXED, width), List.of(
                new Load(temp(0), Mem.cell(arg(0)), Width.LONG),
                new Add(temp(0), arg(1)),
                new Load(temp(0), Mem.at(temp(0), 0), Width.LONG),
                new CommitAdd(Mem.at(temp(0), 0), arg(2), width, Order.RELAXED)), null));
    }
}
