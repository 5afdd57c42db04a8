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
 * {@code load_add_load_load_add_store}: adds to a word to which two pointers lead.
 *
 * <pre>
 *   load_add_load_load_add_store_relaxed(ptr, off, inc):
 *     p = *(ptr[index] + off)
 *     commit *p += inc
 * </pre>
 *
 * Pointers always have 8 bytes; with {@code _int} the word has 4. The section does not compare the pointers: a null
 * pointer is a fault. A thread that replaces a pointer must fence before the memory to which it led has another use
 * (I9), because a section may have loaded the pointer and not committed yet. The operation exists for such
 * replacements.
 *
 * <p>librseq compares the CPU first and takes an offset for that CPU. Here the index is not known before the section,
 * so the first pointer has a copy for each index. The copies must lead to different words: additions to a word that two
 * indices share are lost.
 *
 * <p>After librseq's rseq_load_add_load_load_add_store__ptr, formerly rseq_offset_deref_addv. Its comment says
 * {@code pval = *(ptr + off)}; its name and code load {@code *ptr} first.
 */
public final class LoadAddLoadLoadAddStore {
    /** Arguments: the cell's address at index 0, the offset from its pointer, the number to add. Words of 8 bytes. */
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
