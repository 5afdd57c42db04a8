package io.github.rseq4j.machine.x64;

import org.jspecify.annotations.Nullable;

/**
 * An address operand: {@code [base + index*scale + displacement]}, {@code fs:[displacement]} or
 * {@code fs:[base + displacement]}.
 *
 * @param base a register; null for a constant offset from the thread pointer
 * @param index a register but RSP, or null
 * @param scale 1, 2, 4 or 8
 * @param displacement a constant of 32 bits
 * @param isThread whether it is an offset from the thread pointer
 */
record Address(@Nullable Gp base, @Nullable Gp index, int scale, int displacement, boolean isThread) {
    Address {
        if (index == Gp.RSP) {
            throw new IllegalArgumentException("index=rsp cannot be encoded");
        }
        if (index != null && (base == null || isThread)) {
            throw new IllegalArgumentException("base=" + base + " with index=" + index
                    + ": an offset from the thread pointer has no index, and nothing else has no base");
        }
        if (Integer.bitCount(scale) != 1 || scale < 1 || scale > 8) {
            throw new IllegalArgumentException("scale=" + scale + ", must be 1, 2, 4 or 8");
        }
    }

    Address(@Nullable Gp base, @Nullable Gp index, int scale, int displacement) {
        this(base, index, scale, displacement, base == null);
    }

    static Address of(Gp base, int displacement) {
        return new Address(base, null, 1, displacement);
    }

    /** An offset from the thread pointer. */
    static Address thread(long offset) {
        return new Address(null, null, 1, Math.toIntExact(offset));
    }

    /** An offset from the thread pointer that a register holds. */
    static Address thread(Gp offset, int displacement) {
        return new Address(offset, null, 1, displacement, true);
    }

    @Override
    public String toString() {
        if (base == null) {
            return "fs:[" + displacement + "]";
        }
        StringBuilder text = new StringBuilder(isThread ? "fs:[" : "[").append(base.name(8));
        if (index != null) {
            text.append('+').append(index.name(8)).append('*').append(scale);
        }
        if (displacement != 0) {
            text.append(displacement < 0 ? "-" : "+").append(Math.abs((long) displacement));
        }
        return text.append(']').toString();
    }
}
