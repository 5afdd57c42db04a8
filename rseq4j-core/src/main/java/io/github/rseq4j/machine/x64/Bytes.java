package io.github.rseq4j.machine.x64;

import java.io.ByteArrayOutputStream;
import org.jspecify.annotations.Nullable;

/** The bytes of one instruction, in the order in which they are written. */
final class Bytes {
    static final int NO_PREFIX = 0;
    private static final int FS = 0x64;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream(16);

    Bytes put(int value) {
        out.write(value);
        return this;
    }

    Bytes int32(int value) {
        return put(value).put(value >> 8).put(value >> 16).put(value >> 24);
    }

    byte[] toArray() {
        return out.toByteArray();
    }

    /** REX: W is the operand size, R the reg field's fourth bit, X the index's, B that of r/m or the base. */
    Bytes rex(boolean wide, @Nullable Gp reg, @Nullable Gp index,
              @Nullable Gp base, boolean lowByteOfReg) {
        int bits = (wide ? 8 : 0) | (reg != null && reg.high() ? 4 : 0) | (index != null && index.high() ? 2 : 0)
                | (base != null && base.high() ? 1 : 0);
        // Without REX the byte registers 4 to 7 would be ah, ch, dh and bh.
        boolean forced = lowByteOfReg && reg != null && reg.ordinal() >= 4;
        return bits != 0 || forced ? put(0x40 | bits) : this;
    }

    Bytes direct(int reg, Gp rm) {
        return put(0xC0 | reg << 3 | rm.low3());
    }

    Bytes memory(int prefix, boolean wide, Gp reg, boolean byteReg, Address at, int... opcode) {
        if (at.isThread()) {
            put(FS);
        }
        if (prefix != NO_PREFIX) {
            put(prefix);
        }
        rex(wide, reg, at.index(), at.base(), byteReg);
        for (int each : opcode) {
            put(each);
        }
        Gp base = at.base();
        Gp index = at.index();
        int field = reg.low3() << 3;
        if (base == null) {
            return put(field | 4).put(0x25).int32(at.displacement());
        }
        boolean none = at.displacement() == 0 && base.low3() != 5;
        boolean one = !none && isByte(at.displacement());
        int mod = none ? 0x00 : one ? 0x40 : 0x80;
        if (index != null || base.low3() == 4) {
            int scale = Integer.numberOfTrailingZeros(at.scale()) << 6;
            put(mod | field | 4).put(scale | (index == null ? 4 : index.low3()) << 3 | base.low3());
        } else {
            put(mod | field | base.low3());
        }
        return none ? this : one ? put(at.displacement()) : int32(at.displacement());
    }

    static boolean isByte(long value) {
        return value == (byte) value;
    }
}
