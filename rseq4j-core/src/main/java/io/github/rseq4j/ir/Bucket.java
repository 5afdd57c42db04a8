package io.github.rseq4j.ir;

import io.github.rseq4j.histogram.HistogramBuckets;
import io.github.rseq4j.ir.Operand.Reg;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * {@code target} = the number of the histogram bucket that holds a value, {@link HistogramBuckets#number(long, int)}.
 *
 * @param target a temporary
 * @param value the value, an unsigned number
 * @param significantBits the number of bits after the value's highest one that are kept
 */
public record Bucket(Reg target, Operand value, int significantBits) implements Step.Producer {
    @Override
    public List<Operand> operands() {
        return List.of(value);
    }

    @Override
    public @Nullable String brokenRule(Step.@Nullable Commit commit) {
        return significantBits >= HistogramBuckets.MIN_BITS && significantBits <= HistogramBuckets.MAX_BITS ? null
                : "a bucket keeps " + HistogramBuckets.MIN_BITS + " to " + HistogramBuckets.MAX_BITS + " bits";
    }

    @Override
    public <C> void accept(StepVisitor<C> visitor, C context) {
        visitor.bucket(this, context);
    }

    @Override
    public String toString() {
        return target + " = bucket of " + value + ", " + significantBits + " bits";
    }
}
