package io.github.rseq4j.sections;

import static io.github.rseq4j.ir.Operand.arg;
import static io.github.rseq4j.ir.Operand.temp;

import io.github.rseq4j.ir.Assumption;
import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.ir.Mem;
import io.github.rseq4j.ir.Section;
import io.github.rseq4j.ir.Step.CommitStore;
import io.github.rseq4j.ir.Step.Copy;
import io.github.rseq4j.ir.Step.ExitIf;
import io.github.rseq4j.ir.Step.Load;
import io.github.rseq4j.ir.Width;
import io.github.rseq4j.section.Condition;
import io.github.rseq4j.section.Order;
import java.util.List;

/**
 * {@code load_cbne_memcpy_store}: copies bytes, and then replaces a word if it has the expected value.
 *
 * <pre>
 *   load_cbne_memcpy_store_relaxed(v, expect, dst, src, lengthBytes, newv), load_cbne_memcpy_store_release:
 *     exit 0 if v[index] != expect
 *     if lengthBytes > 65536 return out of range
 *     copy lengthBytes from src to dst[index]
 *     commit v[index] = newv
 * </pre>
 *
 * The bytes come from any address and go to the current index's copy of the destination. Source and destination must
 * not overlap, and the destination must not overlap v. An aborted run may leave some of the bytes at any index, without
 * a commit there. With release, a thread that sees newv sees the bytes. The bound keeps the section short (I4), because
 * a longer one is aborted more often.
 *
 * <p>After librseq's rseq_load_cbne_memcpy_store__ptr, which has no bound.
 */
public final class LoadCbneMemcpyStore {
    /** Arguments: address at index 0, expected value, destination at index 0, source, length in bytes, new value. */
    public static final Chain RELAXED = chain(Order.RELAXED, Width.LONG);
    /** A word of 4 bytes. */
    public static final Chain RELAXED_INT = chain(Order.RELAXED, Width.INT);
    /** A word of 8 bytes, with a commit that releases. */
    public static final Chain RELEASE = chain(Order.RELEASE, Width.LONG);
    /** A word of 4 bytes, with a commit that releases. */
    public static final Chain RELEASE_INT = chain(Order.RELEASE, Width.INT);

    private LoadCbneMemcpyStore() {}

    private static Chain chain(Order order, Width width) {
        return Chain.of(6, new Section(Names.of("load_cbne_memcpy_store", order, width), List.of(
                new Load(temp(0), Mem.cell(arg(0)), width),
                new ExitIf(Condition.NOT_EQUAL, temp(0), arg(1), width, 0),
                new Copy(Mem.cell(arg(2)), arg(3), arg(4), Section.MAX_COPY_BYTES),
                new CommitStore(Mem.cell(arg(0)), arg(5), width, order)), null,
                List.of(Assumption.apart(arg(2),
                        "the caller copies between ranges that do not meet, outside of the word"))));
    }
}
