package io.github.rseq4j.code.x64;

import org.jspecify.annotations.Nullable;

/**
 * An address operand: {@code [base + index*scale + displacement]}, or {@code fs:[displacement]}.
 *
 * @param base a register; null for an offset from the thread pointer
 * @param index a register but RSP, or null
 * @param scale 1, 2, 4 or 8
 * @param displacement a constant of 32 bits
 */
record Address(@Nullable Gp base, @Nullable Gp index, int scale, int displacement) {
    Address {
        if (index == Gp.RSP) {
            throw new IllegalArgumentException("index=rsp cannot be encoded");
        }
        if (base == null && index != null) {
            throw new IllegalArgumentException(
                    "base=null with index=" + index + ": only fs:[displacement] has no base");
        }
        if (Integer.bitCount(scale) != 1 || scale < 1 || scale > 8) {
            throw new IllegalArgumentException("scale=" + scale + ", must be 1, 2, 4 or 8");
        }
    }

    static Address of(Gp base, int displacement) {
        return new Address(base, null, 1, displacement);
    }

    /** An offset from the thread pointer. */
    static Address thread(long offset) {
        return new Address(null, null, 1, Math.toIntExact(offset));
    }

    boolean isThread() {
        return base == null;
    }

    @Override
    public String toString() {
        if (base == null) {
            return "fs:[" + displacement + "]";
        }
        StringBuilder text = new StringBuilder("[").append(base.name(8));
        if (index != null) {
            text.append('+').append(index.name(8)).append('*').append(scale);
        }
        if (displacement != 0) {
            text.append(displacement < 0 ? "-" : "+").append(Math.abs((long) displacement));
        }
        return text.append(']').toString();
    }
}
