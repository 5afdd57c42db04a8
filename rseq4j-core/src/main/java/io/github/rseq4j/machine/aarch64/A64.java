package io.github.rseq4j.machine.aarch64;

import io.github.rseq4j.machine.Effect;
import io.github.rseq4j.machine.Insn;
import io.github.rseq4j.machine.Label;
import io.github.rseq4j.machine.StackChange;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The A64 instructions that this library uses: pure functions from operands to the 4 bytes of an instruction, in the
 * encodings that GNU as chooses. Sizes are 8 or 4 bytes; what cannot be encoded is refused. Source: Arm Architecture
 * Reference Manual for A-profile, C6.2.
 */
final class A64 {
    /** Conditions of a branch, by their number in the encoding. */
    enum Condition {
        EQ(0), NE(1), HS(2), LO(3), MI(4), PL(5), HI(8), LS(9), GE(10), LT(11);

        private final int number;

        Condition(int number) {
            this.number = number;
        }
    }

    private static final int WIDE = 0x8000_0000;

    private A64() {}

    /** Returns the number of an operand in which 31 is zero. */
    private static int r(Gp register) {
        return other(register, Gp.SP);
    }

    /** Returns the number of an operand in which 31 is the stack pointer. */
    private static int pointer(Gp register) {
        return other(register, Gp.ZERO);
    }

    private static int other(Gp register, Gp refused) {
        if (register == refused) {
            throw new IllegalArgumentException("register=" + register + ", must be another one in this operand");
        }
        return register.number();
    }

    private static long range(String what, long value, long min, long max) {
        if (value < min || value > max) {
            throw new IllegalArgumentException(what + "=" + value + ", must be " + min + " to " + max);
        }
        return value;
    }

    private static int sf(int bytes) {
        if (bytes != 4 && bytes != 8) {
            throw new IllegalArgumentException("bytes=" + bytes + ", must be 4 or 8");
        }
        return bytes == 8 ? WIDE : 0;
    }

    private static Insn insn(String text, int word) {
        return Insn.of(text, new byte[] {(byte) word, (byte) (word >> 8), (byte) (word >> 16), (byte) (word >> 24)});
    }

    /** Tells whether a constant fits an addition: 12 bits, or 12 bits above 12 of zero. */
    static boolean isAddable(long value) {
        return value >= 0 && (value < 1 << 12 || value < 1 << 24 && (value & 0xFFF) == 0);
    }

    // add xd|sp, xn|sp, #imm                   sf 0 0 100010 sh imm12 Rn Rd; sub has bit 30
    static Insn add(Gp to, Gp from, long value) {
        long size = Math.abs(value);
        if (!isAddable(size)) {
            throw new IllegalArgumentException("immediate=" + value + ", must have 12 bits, or 12 above 12 of zero");
        }
        boolean high = size >= 1 << 12;
        int word = (value < 0 ? 0xD100_0000 : 0x9100_0000) | (high ? 1 << 22 : 0)
                | (int) (high ? size >> 12 : size) << 10 | pointer(from) << 5 | pointer(to);
        return insn((value < 0 ? "sub " : "add ") + to.name(8) + ", " + from.name(8) + ", #"
                + (high ? size >> 12 : size) + (high ? ", lsl #12" : ""), word).with(to != Gp.SP ? null
                : from == Gp.SP ? StackChange.move(value) : StackChange.UNKNOWN);
    }

    // adds|subs rd, rn, #imm12                 sf op 1 100010 0 imm12 Rn Rd
    private static Insn flags(String mnemonic, int opcode, int bytes, Gp to, Gp from, long value) {
        int word = sf(bytes) | opcode | (int) range("immediate", value, 0, 0xFFF) << 10 | pointer(from) << 5 | r(to);
        return insn(mnemonic + " " + (to == Gp.ZERO ? "" : to.name(bytes) + ", ") + from.name(bytes) + ", #" + value,
                word);
    }

    // cmp rn, #imm12                           subs with Rd = zero
    static Insn compare(int bytes, Gp left, long value) {
        return flags("cmp", 0x7100_0000, bytes, Gp.ZERO, left, value);
    }

    // subs rd, rd, #1
    static Insn countDown(int bytes, Gp register) {
        return flags("subs", 0x7100_0000, bytes, register, register, 1).with(Effect.COUNT);
    }

    // add rd, rn, rm {, lsl #n}                sf 0 0 01011 00 0 Rm imm6 Rn Rd
    static Insn add(int bytes, Gp to, Gp left, Gp right, int shift) {
        int word = sf(bytes) | 0x0B00_0000 | r(right) << 16 | (int) range("shift", shift, 0, 3) << 10 | r(left) << 5
                | r(to);
        return insn("add " + to.name(bytes) + ", " + left.name(bytes) + ", " + right.name(bytes)
                + (shift == 0 ? "" : ", lsl #" + shift), word);
    }

    // sub rd, rn, rm                           sf 1 0 01011 00 0 Rm 000000 Rn Rd
    static Insn subtract(int bytes, Gp to, Gp left, Gp right) {
        return insn("sub " + to.name(bytes) + ", " + left.name(bytes) + ", " + right.name(bytes),
                sf(bytes) | 0x4B00_0000 | r(right) << 16 | r(left) << 5 | r(to));
    }

    // and rd, rn, rm                           sf 00 01010 00 0 Rm 000000 Rn Rd
    static Insn and(int bytes, Gp to, Gp left, Gp right) {
        return insn("and " + to.name(bytes) + ", " + left.name(bytes) + ", " + right.name(bytes),
                sf(bytes) | 0x0A00_0000 | r(right) << 16 | r(left) << 5 | r(to));
    }

    // orr rd, rn, rm                           sf 01 01010 00 0 Rm 000000 Rn Rd
    static Insn or(int bytes, Gp to, Gp left, Gp right) {
        return insn("orr " + to.name(bytes) + ", " + left.name(bytes) + ", " + right.name(bytes),
                sf(bytes) | 0x2A00_0000 | r(right) << 16 | r(left) << 5 | r(to));
    }

    // clz rd, rn                               sf 1 0 11010110 00000 00010 0 Rn Rd
    static Insn leadingZeros(int bytes, Gp to, Gp from) {
        return insn("clz " + to.name(bytes) + ", " + from.name(bytes), sf(bytes) | 0x5AC0_1000 | r(from) << 5 | r(to));
    }

    // lsr rd, rn, rm                           lsrv: sf 0 0 11010110 Rm 0010 01 Rn Rd
    static Insn shiftRight(int bytes, Gp to, Gp from, Gp by) {
        return insn("lsr " + to.name(bytes) + ", " + from.name(bytes) + ", " + by.name(bytes),
                sf(bytes) | 0x1AC0_2400 | r(by) << 16 | r(from) << 5 | r(to));
    }

    // cmp rn, rm                               sf 1 1 01011 00 0 Rm 000000 Rn 11111
    static Insn compare(int bytes, Gp left, Gp right) {
        return insn("cmp " + left.name(bytes) + ", " + right.name(bytes),
                sf(bytes) | 0x6B00_001F | r(right) << 16 | r(left) << 5);
    }

    // mov rd, rm                               orr with Rn = zero
    static Insn move(int bytes, Gp to, Gp from) {
        return insn("mov " + to.name(bytes) + ", " + from.name(bytes),
                sf(bytes) | 0x2A00_03E0 | r(from) << 16 | r(to));
    }

    // mov xd, sp | mov sp, xn                  add with #0
    static Insn moveStackPointer(Gp to, Gp from) {
        @Nullable StackChange change = to == Gp.FRAME && from == Gp.SP ? StackChange.link(Gp.FRAME.number())
                : to == Gp.SP && from == Gp.FRAME ? StackChange.unlink(Gp.FRAME.number())
                : to == Gp.SP ? StackChange.UNKNOWN : null;
        return insn("mov " + to.name(8) + ", " + from.name(8), 0x9100_0000 | pointer(from) << 5 | pointer(to))
                .with(change);
    }

    // movz | movn | movk xd, #imm16, lsl #n    1 opc 100101 hw imm16 Rd
    private static Insn wide(String mnemonic, int opcode, Gp to, long bits, int part) {
        return insn(mnemonic + " " + to.name(8) + ", #" + bits + (part == 0 ? "" : ", lsl #" + part * 16),
                opcode | part << 21 | (int) bits << 5 | r(to));
    }

    /** Returns the shortest sequence of these that gives a value. */
    static List<Insn> constant(Gp to, long value) {
        boolean negative = value < 0;
        List<Insn> insns = new ArrayList<>();
        for (int part = 0; part < 4; part++) {
            long bits = value >>> part * 16 & 0xFFFF;
            if (bits == (negative ? 0xFFFF : 0)) {
                continue;
            }
            if (insns.isEmpty()) {
                insns.add(negative ? wide("movn", 0x9280_0000, to, ~bits & 0xFFFF, part)
                        : wide("movz", 0xD280_0000, to, bits, part));
            } else {
                insns.add(wide("movk", 0xF280_0000, to, bits, part));
            }
        }
        if (insns.isEmpty()) {
            insns.add(negative ? wide("movn", 0x9280_0000, to, 0, 0) : wide("movz", 0xD280_0000, to, 0, 0));
        }
        return insns;
    }

    // lsl xd, xn, #n                           ubfm
    static Insn shiftLeft(Gp to, Gp from, int bits) {
        range("bits", bits, 1, 63);
        return insn("lsl " + to.name(8) + ", " + from.name(8) + ", #" + bits,
                0xD340_0000 | (64 - bits) << 16 | (63 - bits) << 10 | r(from) << 5 | r(to));
    }

    /** The kinds of loads and stores: mnemonic and opcode of the form with an unsigned, scaled offset. */
    enum Access {
        LOAD("ldr", 8, 0xF940_0000, 8), LOAD_INT("ldr", 4, 0xB940_0000, 4), LOAD_SIGNED("ldrsw", 4, 0xB980_0000, 8),
        LOAD_BYTE("ldrb", 1, 0x3940_0000, 4), STORE("str", 8, 0xF900_0000, 8), STORE_INT("str", 4, 0xB900_0000, 4),
        STORE_BYTE("strb", 1, 0x3900_0000, 4), LOAD_DOUBLE("ldr", 8, 0xFD40_0000, 0),
        STORE_DOUBLE("str", 8, 0xFD00_0000, 0);

        private final String mnemonic;
        private final int bytes;
        private final int opcode;
        private final int registerBytes;

        Access(String mnemonic, int bytes, int opcode, int registerBytes) {
            this.mnemonic = mnemonic;
            this.bytes = bytes;
            this.opcode = opcode;
            this.registerBytes = registerBytes;
        }

        /** Returns the name of a register, which is a general one or the double register of the same number. */
        private String name(Gp register) {
            return registerBytes == 0 ? twin(register) : register.name(registerBytes);
        }

        boolean isLoad() {
            return mnemonic.startsWith("l");
        }

        static Access load(int bytes) {
            return bytes == 8 ? LOAD : LOAD_INT;
        }

        static Access store(int bytes) {
            return bytes == 8 ? STORE : STORE_INT;
        }

        private Effect effect() {
            return isLoad() ? Effect.READ : Effect.STORE;
        }
    }

    private static boolean isScaled(Access access, long offset) {
        return offset >= 0 && offset % access.bytes == 0 && offset / access.bytes < 1 << 12;
    }

    /** Tells whether an offset fits a load or a store. */
    static boolean isOffset(Access access, long offset) {
        return isScaled(access, offset) || offset >= -256 && offset < 256;
    }

    // ldr rt, [xn, #offset]                    unsigned and scaled; or ldur with 9 bits and a sign
    static Insn memory(Access access, Gp register, Gp base, long offset) {
        String text = access.name(register) + ", [" + base.name(8)
                + (offset == 0 ? "" : ", #" + offset) + "]";
        if (isScaled(access, offset)) {
            return insn(access.mnemonic + " " + text,
                    access.opcode | (int) (offset / access.bytes) << 10 | pointer(base) << 5 | r(register))
                    .with(access.effect());
        }
        range("offset", offset, -256, 255);
        String unscaled = access.mnemonic.replaceFirst("^(ld|st)", "$1u");
        return insn(unscaled + " " + text, access.opcode - 0x0100_0000 | ((int) offset & 0x1FF) << 12
                | pointer(base) << 5 | r(register)).with(access.effect());
    }

    // ldr rt, [xn, xm]
    static Insn memoryAt(Access access, Gp register, Gp base, Gp index) {
        return insn(access.mnemonic + " " + access.name(register) + ", [" + base.name(8) + ", "
                + index.name(8) + "]", access.opcode - 0x0100_0000 | 0x0020_6800 | r(index) << 16 | pointer(base) << 5
                | r(register)).with(access.effect());
    }

    /** Tells whether an offset fits a load or a store of a pair. */
    static boolean isPairOffset(long offset) {
        return offset % Long.BYTES == 0 && offset >= -512 && offset <= 504;
    }

    // ldp xt, xt2, [xn, #offset]               10 101 0 010 1 imm7 Rt2 Rn Rt
    static Insn loadPair(Gp first, Gp second, Gp base, long offset) {
        return pair("ldp", 0xA940_0000, first, second, base, offset).with(Effect.READ);
    }

    // stp xt, xt2, [xn, #offset]               10 101 0 010 0 imm7 Rt2 Rn Rt
    static Insn storePair(Gp first, Gp second, Gp base, long offset) {
        return pair("stp", 0xA900_0000, first, second, base, offset).with(Effect.STORE);
    }

    private static Insn pair(String mnemonic, int opcode, Gp first, Gp second, Gp base, long offset) {
        if (!isPairOffset(offset)) {
            throw new IllegalArgumentException("offset=" + offset + ", must be a multiple of 8 from -512 to 504");
        }
        return insn(mnemonic + " " + first.name(8) + ", " + second.name(8) + ", [" + base.name(8)
                + (offset == 0 ? "" : ", #" + offset) + "]", opcode | ((int) (offset / Long.BYTES) & 0x7F) << 15
                | r(second) << 10 | pointer(base) << 5 | r(first));
    }

    private static String twin(Gp register) {
        return "d" + r(register);
    }

    // fmov dd, xn | fmov xd, dn                1 00 11110 01 1 00 11 op 000000 Rn Rd
    static Insn moveToDouble(Gp to, Gp from) {
        return insn("fmov " + twin(to) + ", " + from.name(8), 0x9E67_0000 | r(from) << 5 | r(to));
    }

    static Insn moveFromDouble(Gp to, Gp from) {
        return insn("fmov " + to.name(8) + ", " + twin(from), 0x9E66_0000 | r(from) << 5 | r(to));
    }

    // fadd dd, dn, dm                          0 00 11110 01 1 Rm 0010 10 Rn Rd
    static Insn addDouble(Gp to, Gp left, Gp right) {
        return insn("fadd " + twin(to) + ", " + twin(left) + ", " + twin(right),
                0x1E60_2800 | r(right) << 16 | r(left) << 5 | r(to));
    }

    // stlr rt, [xn]
    static Insn storeRelease(int bytes, Gp register, Gp base) {
        return insn("stlr " + register.name(bytes) + ", [" + base.name(8) + "]",
                (bytes == 8 ? 0xC89F_FC00 : 0x889F_FC00) | pointer(base) << 5 | r(register)).with(Effect.STORE);
    }

    // ldxr xt, [xn]
    static Insn loadExclusive(Gp register, Gp base) {
        return insn("ldxr " + register.name(8) + ", [" + base.name(8) + "]",
                0xC85F_7C00 | pointer(base) << 5 | r(register)).with(Effect.READ);
    }

    // stxr ws, xt, [xn]
    static Insn storeExclusive(Gp failed, Gp register, Gp base) {
        return insn("stxr " + failed.name(4) + ", " + register.name(8) + ", [" + base.name(8) + "]",
                0xC800_7C00 | r(failed) << 16 | pointer(base) << 5 | r(register)).with(Effect.ATOMIC);
    }

    // str xt, [sp, #-16]!
    static Insn push(Gp register) {
        return insn("str " + register.name(8) + ", [sp, #-16]!", 0xF81F_0FE0 | r(register)).with(Effect.STACK)
                .with(StackChange.push(16, register.number()));
    }

    // ldr xt, [sp], #16
    static Insn pop(Gp register) {
        return insn("ldr " + register.name(8) + ", [sp], #16", 0xF841_07E0 | r(register)).with(Effect.STACK)
                .with(StackChange.pop(16, register.number()));
    }

    // stp x29, x30, [sp, #-16]!
    static Insn pushFrame() {
        return insn("stp x29, x30, [sp, #-16]!", 0xA9BF_7BFD).with(Effect.STACK)
                .with(StackChange.push(16, Gp.FRAME.number(), Gp.LINK.number()));
    }

    // ldp x29, x30, [sp], #16
    static Insn popFrame() {
        return insn("ldp x29, x30, [sp], #16", 0xA8C1_7BFD).with(Effect.STACK)
                .with(StackChange.pop(16, Gp.FRAME.number(), Gp.LINK.number()));
    }

    // mrs xt, tpidr_el0 | cntvct_el0 | ctr_el0
    static Insn threadPointer(Gp to) {
        return insn("mrs " + to.name(8) + ", tpidr_el0", 0xD53B_D040 | r(to));
    }

    static Insn counter(Gp to) {
        return insn("mrs " + to.name(8) + ", cntvct_el0", 0xD53B_E040 | r(to));
    }

    // isb, so that the counter is not read before branches that wait for loads (Arm ARM, D11.1.2)
    static List<Insn> counter(Gp to, boolean isOrdered) {
        return isOrdered ? List.of(codeBarrier(), counter(to)) : List.of(counter(to));
    }

    // svc #0
    static Insn systemCall() {
        return insn("svc #0", 0xD400_0001).with(Effect.SYSTEM_CALL);
    }

    // ret | br xn, to a function that returns to the caller | blr xn
    static Insn ret() {
        return insn("ret", 0xD65F_03C0).with(Effect.RETURN);
    }

    static Insn leaveTo(Gp to) {
        return insn("br " + to.name(8), 0xD61F_0000 | r(to) << 5).with(Effect.RETURN);
    }

    static Insn call(Gp to) {
        return insn("blr " + to.name(8), 0xD63F_0000 | r(to) << 5).with(Effect.CALL);
    }

    // dc cvau, xt | ic ivau, xt | dsb ish | isb
    static Insn cleanData(Gp at) {
        return insn("dc cvau, " + at.name(8), 0xD50B_7B20 | r(at));
    }

    static Insn invalidateCode(Gp at) {
        return insn("ic ivau, " + at.name(8), 0xD50B_7520 | r(at));
    }

    static Insn dataBarrier() {
        return insn("dsb ish", 0xD503_3B9F);
    }

    static Insn codeBarrier() {
        return insn("isb", 0xD503_3FDF);
    }

    // .inst: never executed, the signature is the word itself
    static Insn signature(int signature) {
        return insn(".inst 0x" + Integer.toHexString(signature), signature).with(Effect.DATA);
    }

    private static Insn relative(String text, Effect effect, Label label, int opcode, Field field) {
        return new Insn(text + " " + label, effect, label, 0, List.of(new Relative(opcode, field)));
    }

    // b label                                  000101 imm26
    static Insn branch(Label label) {
        return relative("b", Effect.BRANCH, label, 0x1400_0000, Field.IMM26);
    }

    // bl label                                 100101 imm26
    static Insn call(Label label) {
        return relative("bl", Effect.CALL, label, 0x9400_0000, Field.IMM26);
    }

    // b.cond label                             01010100 imm19 0 cond
    static Insn branch(Condition condition, Label label) {
        return relative("b." + condition.name().toLowerCase(Locale.ROOT), Effect.BRANCH, label,
                0x5400_0000 | condition.number, Field.IMM19);
    }

    // cbz wt, label                            0 011010 0 imm19 Rt
    static Insn branchIfZero(Gp register, Label label) {
        return relative("cbz " + register.name(4) + ",", Effect.BRANCH, label, 0x3400_0000 | r(register), Field.IMM19);
    }

    // adr xd, label                            0 immlo 10000 immhi Rd
    static Insn address(Gp to, Label label) {
        return relative("adr " + to.name(8) + ",", Effect.COMPUTE, label, 0x1000_0000 | r(to), Field.IMM21);
    }

    // ldr xt, label                            01 011 0 00 imm19 Rt
    static Insn load(Gp to, Label label) {
        return relative("ldr " + to.name(8) + ",", Effect.READ, label, 0x5800_0000 | r(to), Field.IMM19);
    }

    /** The place of the distance in an instruction, and its reach: a signed number of some bits, in words or bytes. */
    private enum Field {
        IMM19(19, 4), IMM21(21, 1), IMM26(26, 4);

        private final int bits;
        private final int unitBytes;

        Field(int bits, int unitBytes) {
            this.bits = bits;
            this.unitBytes = unitBytes;
        }

        private boolean holds(long distanceBytes) {
            long units = distanceBytes / unitBytes;
            return distanceBytes % unitBytes == 0 && units >= -(1L << bits - 1) && units < 1L << bits - 1;
        }

        private int put(long distanceBytes) {
            int units = (int) (distanceBytes / unitBytes) & (1 << bits) - 1;
            return switch (this) {
                case IMM26 -> units;
                case IMM21 -> (units & 3) << 29 | units >> 2 << 5;
                default -> units << 5;
            };
        }
    }

    /**
     * An instruction with the distance to a label.
     *
     * @param opcode all but the distance
     * @param field the place of the distance
     */
    private record Relative(int opcode, Field field) implements Insn.Form {
        @Override
        public int sizeBytes() {
            return Integer.BYTES;
        }

        @Override
        public boolean reaches(long distanceBytes) {
            return field.holds(distanceBytes);
        }

        @Override
        public byte[] encode(long distanceBytes) {
            int word = opcode | field.put(distanceBytes);
            return new byte[] {(byte) word, (byte) (word >> 8), (byte) (word >> 16), (byte) (word >> 24)};
        }
    }
}
