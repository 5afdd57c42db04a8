package io.github.rseq4j.sections;

import static io.github.rseq4j.ir.Operand.arg;
import static io.github.rseq4j.ir.Operand.imm;
import static io.github.rseq4j.ir.Operand.temp;

import io.github.rseq4j.ir.Bucket;
import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.ir.CommitAddPair;
import io.github.rseq4j.ir.Mem;
import io.github.rseq4j.ir.Section;
import io.github.rseq4j.ir.Step;
import io.github.rseq4j.ir.Width;
import io.github.rseq4j.section.Condition;
import java.util.List;

/**
 * {@code timestamp_bucket_load_add_store_pair}: adds the time since a start to a histogram of pairs.
 *
 * <pre>
 *   timestamp_bucket_load_add_store_pair_relaxed(pairs, start, limit):
 *     t = unordered timestamp - start
 *     exit 0 if t >= limit (unsigned)
 *     n = bucket of t
 *     commit pairs[index][n] += 1, t
 *     return t
 * </pre>
 */
public final class TimestampBucketAddPair {
    /** The number of bits after a duration's highest one that select its bucket. */
    public static final int SIGNIFICANT_BITS = 4;
    /** The exit of a duration that is not below the limit, or that is negative. */
    public static final int EXIT_BEYOND = 0;

    /** The function: the first pair's address at index 0, the start, and the limit. */
    public static final Chain CHAIN = Chain.of(3, new Section("timestamp_bucket_load_add_store_pair_relaxed", List.of(
            new Step.Timestamp(temp(0), false),
            new Step.Subtract(temp(0), arg(1)),
            new Step.ExitIf(Condition.ABOVE_OR_EQUAL, temp(0), arg(2), Width.LONG, EXIT_BEYOND),
            new Bucket(temp(1), temp(0), SIGNIFICANT_BITS),
            new Step.Add(temp(1), temp(1)),
            new CommitAddPair(Mem.element(arg(0), 0, temp(1), Long.BYTES), imm(1), temp(0))), temp(0)));

    private TimestampBucketAddPair() {}
}
