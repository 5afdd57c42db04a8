package io.github.rseq4j.machine.x64;

import io.github.rseq4j.machine.Effect;
import io.github.rseq4j.machine.Insn;
import io.github.rseq4j.machine.Label;
import io.github.rseq4j.machine.StackChange;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The AMD64 instructions that this library uses: pure functions from operands to bytes, in the encodings that GNU as
 * chooses. Sizes are 8 or 4 bytes ({@code bytes}); what cannot be encoded is refused. Source: AMD64 Architecture
 * Programmer's Manual, volume 3.
 */
final class X64 {
    /** The two-operand instructions of one pattern, by their opcode for "r/m, r" and their extension for constants. */
    enum Op {
        ADD(0x01, 0), OR(0x09, 1), AND(0x21, 4), SUB(0x29, 5), XOR(0x31, 6), CMP(0x39, 7), MOV(0x89, -1),
        TEST(0x85, -1);

        private final int opcode;
        private final int extension;

        Op(int opcode, int extension) {
            this.opcode = opcode;
            this.extension = extension;
        }

        String mnemonic() {
            return name().toLowerCase(Locale.ROOT);
        }

        boolean writes() {
            return this != CMP && this != TEST;
        }
    }

    /** Conditions of a jump, by their number in the encoding. */
    enum Jump {
        JB(2), JAE(3), JE(4), JNE(5), JBE(6), JA(7), JS(8), JNS(9), JL(12);

        private final int number;

        Jump(int number) {
            this.number = number;
        }
    }

    private static final int LOCK = 0xF0;
    /** The prefixes of SSE2's operations on two words, of its moves to and from any address, and of doubles. */
    private static final int PACKED = 0x66;
    private static final int UNALIGNED = 0xF3;
    private static final int DOUBLE = 0xF2;

    private X64() {}

    private static String pointer(int bytes) {
        return switch (bytes) {
            case 1 -> "byte ptr ";
            case 4 -> "dword ptr ";
            default -> "qword ptr ";
        };
    }

    static boolean isInt(long value) {
        return value == (int) value;
    }

    private static int requireInt(long value) {
        if (!isInt(value)) {
            throw new IllegalArgumentException("immediate=" + value + ", must fit 32 bits with sign");
        }
        return (int) value;
    }

    private static void requireSize(int bytes) {
        if (bytes != 4 && bytes != 8) {
            throw new IllegalArgumentException("bytes=" + bytes + ", must be 4 or 8");
        }
    }

    // op r, r                                  REX.W opcode /r
    static Insn op(Op op, int bytes, Gp to, Gp from) {
        requireSize(bytes);
        Bytes b = new Bytes();
        b.rex(bytes == 8, from, null, to, false).put(op.opcode).direct(from.low3(), to);
        return Insn.of(op.mnemonic() + " " + to.name(bytes) + ", " + from.name(bytes), b.toArray())
                .with(stackChange(op, to, from));
    }

    // op r, imm                                REX.W 83 /n ib | 81 /n id | short form of rax
    static Insn op(Op op, int bytes, Gp to, long value) {
        requireSize(bytes);
        requireExtension(op);
        Bytes b = new Bytes();
        b.rex(bytes == 8, null, null, to, false);
        if (Bytes.isByte(value)) {
            b.put(0x83).direct(op.extension, to).put((int) value);
        } else if (to == Gp.RAX) {
            b.put(op.opcode + 4).int32(requireInt(value));
        } else {
            b.put(0x81).direct(op.extension, to).int32(requireInt(value));
        }
        return Insn.of(op.mnemonic() + " " + to.name(bytes) + ", " + value, b.toArray())
                .with(stackChange(op, bytes, to, value));
    }

    private static @Nullable StackChange stackChange(Op op, Gp to, Gp from) {
        boolean moves = op == Op.MOV;
        if (moves && to == Gp.RBP && from == Gp.RSP) {
            return StackChange.link(Gp.RBP.dwarf());
        }
        if (to != Gp.RSP || !op.writes()) {
            return null;
        }
        return moves && from == Gp.RBP ? StackChange.unlink(Gp.RBP.dwarf()) : StackChange.UNKNOWN;
    }

    private static @Nullable StackChange stackChange(Op op, int bytes, Gp to, long value) {
        if (to != Gp.RSP || !op.writes()) {
            return null;
        }
        return bytes != 8 ? StackChange.UNKNOWN : switch (op) {
            case ADD -> StackChange.move(value);
            case SUB -> StackChange.move(-value);
            default -> StackChange.UNKNOWN;
        };
    }

    // op [m], r                                REX.W opcode /r
    static Insn op(Op op, int bytes, Address to, Gp from) {
        requireSize(bytes);
        Bytes b = new Bytes();
        b.memory(Bytes.NO_PREFIX, bytes == 8, from, false, to, op.opcode);
        return Insn.of(op.mnemonic() + " " + pointer(bytes) + to + ", " + from.name(bytes), b.toArray());
    }

    // op [m], imm                              REX.W 83 /n ib | 81 /n id
    static Insn op(Op op, int bytes, Address to, long value) {
        requireSize(bytes);
        requireExtension(op);
        Bytes b = new Bytes();
        Gp extension = Gp.values()[op.extension];
        if (Bytes.isByte(value)) {
            b.memory(Bytes.NO_PREFIX, bytes == 8, extension, false, to, 0x83).put((int) value);
        } else {
            b.memory(Bytes.NO_PREFIX, bytes == 8, extension, false, to, 0x81).int32(requireInt(value));
        }
        return Insn.of(op.mnemonic() + " " + pointer(bytes) + to + ", " + value, b.toArray());
    }

    private static void requireExtension(Op op) {
        if (op.extension < 0) {
            throw new IllegalArgumentException("op=" + op + " has no form with a constant here");
        }
    }

    // mov r, [m]                               REX.W 8B /r
    static Insn load(int bytes, Gp to, Address from) {
        requireSize(bytes);
        Bytes b = new Bytes();
        b.memory(Bytes.NO_PREFIX, bytes == 8, to, false, from, 0x8B);
        return Insn.of("mov " + to.name(bytes) + ", " + pointer(bytes) + from, b.toArray()).with(Effect.READ);
    }

    // movzx r32, byte ptr [m]                  0F B6 /r
    static Insn loadByte(Gp to, Address from) {
        Bytes b = new Bytes();
        b.memory(Bytes.NO_PREFIX, false, to, false, from, 0x0F, 0xB6);
        return Insn.of("movzx " + to.name(4) + ", " + pointer(1) + from, b.toArray()).with(Effect.READ);
    }

    // movsxd r64, dword ptr [m]                REX.W 63 /r
    static Insn loadSigned(Gp to, Address from) {
        Bytes b = new Bytes();
        b.memory(Bytes.NO_PREFIX, true, to, false, from, 0x63);
        return Insn.of("movsxd " + to.name(8) + ", " + pointer(4) + from, b.toArray()).with(Effect.READ);
    }

    // mov byte ptr [m], r8                     88 /r
    static Insn storeByte(Address to, Gp from) {
        Bytes b = new Bytes();
        b.memory(Bytes.NO_PREFIX, false, from, true, to, 0x88);
        return Insn.of("mov " + pointer(1) + to + ", " + from.name(1), b.toArray()).with(Effect.STORE);
    }

    // mov [m], imm                             REX.W C7 /0 id
    static Insn store(int bytes, Address to, long value) {
        requireSize(bytes);
        Bytes b = new Bytes();
        int immediate = requireInt(value);
        b.memory(Bytes.NO_PREFIX, bytes == 8, Gp.RAX, false, to, 0xC7).int32(immediate);
        return Insn.of("mov " + pointer(bytes) + to + ", " + immediate, b.toArray()).with(Effect.STORE);
    }

    // mov r32, imm32 | mov r64, simm32 | movabs r64, imm64, the shortest that gives the value
    static Insn constant(Gp to, long value) {
        Bytes b = new Bytes();
        if (value == 0) {
            return op(Op.XOR, 4, to, to);
        }
        if (value == (value & 0xFFFF_FFFFL)) {
            b.rex(false, null, null, to, false).put(0xB8 + to.low3()).int32((int) value);
            return Insn.of("mov " + to.name(4) + ", " + value, b.toArray());
        }
        if (isInt(value)) {
            b.rex(true, null, null, to, false).put(0xC7).direct(0, to).int32((int) value);
            return Insn.of("mov " + to.name(8) + ", " + value, b.toArray());
        }
        b.rex(true, null, null, to, false).put(0xB8 + to.low3()).int32((int) value).int32((int) (value >>> 32));
        return Insn.of("movabs " + to.name(8) + ", " + value, b.toArray());
    }

    // lea r64, [m]                             REX.W 8D /r
    static Insn lea(Gp to, Address from) {
        if (from.isThread()) {
            throw new IllegalArgumentException("address=" + from + ": lea ignores the segment");
        }
        Bytes b = new Bytes();
        b.memory(Bytes.NO_PREFIX, true, to, false, from, 0x8D);
        return Insn.of("lea " + to.name(8) + ", " + from, b.toArray());
    }

    // lea r64, [rip+label]                     REX.W 8D /r
    static Insn lea(Gp to, Label label) {
        return relative("lea " + to.name(8) + ", [rip+" + label + "]", label, new Bytes()
                .rex(true, to, null, null, false).put(0x8D).put(to.low3() << 3 | 5).toArray());
    }

    // mov r64, [rip+label]                     REX.W 8B /r
    static Insn load(Gp to, Label label, int displacement) {
        Label at = label;
        Bytes b = new Bytes().rex(true, to, null, null, false).put(0x8B).put(to.low3() << 3 | 5);
        String plus = displacement == 0 ? "" : "+" + displacement;
        return new Insn("mov " + to.name(8) + ", qword ptr [rip+" + label + plus + "]", Effect.READ, at, 0,
                List.of(new Relative(b.toArray(), 4, displacement)));
    }

    // mov [rip+label], r64                     REX.W 89 /r
    static Insn store(Label label, Gp from) {
        return relative("mov qword ptr [rip+" + label + "], " + from.name(8), label, new Bytes()
                .rex(true, from, null, null, false).put(0x89).put(from.low3() << 3 | 5).toArray()).with(Effect.WRITE);
    }

    // cmp r32, [rip+label]                     3B /r
    static Insn compare(Gp to, Label label) {
        return relative("cmp " + to.name(4) + ", dword ptr [rip+" + label + "]", label, new Bytes()
                .rex(false, to, null, null, false).put(0x3B).put(to.low3() << 3 | 5).toArray()).with(Effect.READ);
    }

    // lock inc qword ptr [rip+label]           F0 REX.W FF /0
    static Insn lockIncrement(Label label) {
        return relative("lock inc qword ptr [rip+" + label + "]", label,
                new Bytes().put(LOCK).put(0x48).put(0xFF).put(0x05).toArray()).with(Effect.ATOMIC);
    }

    private static Insn relative(String text, Label label, byte[] opcode) {
        return new Insn(text, Effect.COMPUTE, label, 0, List.of(new Relative(opcode, 4, 0)));
    }

    // jcc label                                70+cc rel8 | 0F 80+cc rel32
    static Insn jump(Jump condition, Label label) {
        byte[] near = {0x0F, (byte) (0x80 + condition.number)};
        return new Insn(condition.name().toLowerCase(Locale.ROOT) + " " + label, Effect.BRANCH, label, 0,
                List.of(new Relative(new byte[] {(byte) (0x70 + condition.number)}, 1, 0), new Relative(near, 4, 0)));
    }

    // jmp label                                EB rel8 | E9 rel32
    static Insn jump(Label label) {
        return new Insn("jmp " + label, Effect.BRANCH, label, 0,
                List.of(new Relative(new byte[] {(byte) 0xEB}, 1, 0), new Relative(new byte[] {(byte) 0xE9}, 4, 0)));
    }

    // call label                               E8 rel32
    static Insn call(Label label) {
        return relative("call " + label, label, new byte[] {(byte) 0xE8}).with(Effect.CALL);
    }

    // call r64                                 FF /2
    static Insn call(Gp to) {
        return Insn.of("call " + to.name(8), new Bytes().rex(false, null, null, to, false).put(0xFF).direct(2, to)
                .toArray()).with(Effect.CALL);
    }

    // jmp r64, to a function that returns to the caller      FF /4
    static Insn leaveTo(Gp to) {
        return Insn.of("jmp " + to.name(8), new Bytes().rex(false, null, null, to, false).put(0xFF).direct(4, to)
                .toArray()).with(Effect.RETURN);
    }

    // shl r64, imm8                            REX.W D1 /4 | C1 /4 ib
    static Insn shiftLeft(Gp to, int bits) {
        if (bits < 1 || bits > 63) {
            throw new IllegalArgumentException("bits=" + bits + ", must be 1 to 63");
        }
        Bytes b = new Bytes().rex(true, null, null, to, false).put(bits == 1 ? 0xD1 : 0xC1).direct(4, to);
        if (bits > 1) {
            b.put(bits);
        }
        return Insn.of("shl " + to.name(8) + ", " + bits, b.toArray());
    }

    // shr r64, cl                              REX.W D3 /5
    static Insn shiftRight(Gp to) {
        return Insn.of("shr " + to.name(8) + ", cl", new Bytes().rex(true, null, null, to, false).put(0xD3)
                .direct(5, to).toArray());
    }

    // bsr r64, r64                             REX.W 0F BD /r: the number of the highest bit; undefined for 0
    static Insn highestBit(Gp to, Gp from) {
        return Insn.of("bsr " + to.name(8) + ", " + from.name(8), new Bytes().rex(true, to, null, from, false)
                .put(0x0F).put(0xBD).direct(to.low3(), from).toArray());
    }

    // inc r64                                  REX.W FF /0
    static Insn increment(Gp to) {
        return Insn.of("inc " + to.name(8), new Bytes().rex(true, null, null, to, false).put(0xFF).direct(0, to)
                .toArray()).with(Effect.COUNT);
    }

    // dec r64                                  REX.W FF /1
    static Insn decrement(Gp to) {
        return Insn.of("dec " + to.name(8), new Bytes().rex(true, null, null, to, false).put(0xFF).direct(1, to)
                .toArray()).with(Effect.COUNT);
    }

    // dec dword ptr [m]                        FF /1
    static Insn decrement(Address at) {
        Bytes b = new Bytes();
        b.memory(Bytes.NO_PREFIX, false, Gp.RCX, false, at, 0xFF);
        return Insn.of("dec " + pointer(4) + at, b.toArray()).with(Effect.COUNT);
    }

    // push r64                                 50+r
    static Insn push(Gp from) {
        return Insn.of("push " + from.name(8), new Bytes().rex(false, null, null, from, false)
                .put(0x50 + from.low3()).toArray()).with(Effect.STACK)
                .with(StackChange.push(Long.BYTES, from.dwarf()));
    }

    // pop r64                                  58+r
    static Insn pop(Gp to) {
        return Insn.of("pop " + to.name(8), new Bytes().rex(false, null, null, to, false)
                .put(0x58 + to.low3()).toArray()).with(Effect.STACK)
                .with(StackChange.pop(Long.BYTES, to.dwarf()));
    }

    // movq xmm, r64                            66 REX.W 0F 6E /r
    static Insn move(Xmm to, Gp from) {
        return Insn.of("movq " + to + ", " + from.name(8), new Bytes().put(PACKED).rex(true, null, null, from, false)
                .put(0x0F).put(0x6E).direct(to.ordinal(), from).toArray());
    }

    // punpcklqdq xmm, xmm                      66 0F 6C /r: the lower halves of both
    static Insn joinLower(Xmm to, Xmm from) {
        return packed("punpcklqdq", 0x6C, to, from);
    }

    // paddq xmm, xmm                           66 0F D4 /r
    static Insn addPair(Xmm to, Xmm from) {
        return packed("paddq", 0xD4, to, from);
    }

    private static Insn packed(String mnemonic, int opcode, Xmm to, Xmm from) {
        return Insn.of(mnemonic + " " + to + ", " + from, new Bytes().put(PACKED).put(0x0F).put(opcode)
                .put(0xC0 | to.ordinal() << 3 | from.ordinal()).toArray());
    }

    // movdqu xmm, [m]                          F3 REX 0F 6F /r
    static Insn loadPair(Xmm to, Address from) {
        return Insn.of("movdqu " + to + ", xmmword ptr " + from, sse(UNALIGNED, 0x6F, to, from)).with(Effect.READ);
    }

    // movdqu [m], xmm                          F3 REX 0F 7F /r
    static Insn storePair(Address to, Xmm from) {
        return Insn.of("movdqu xmmword ptr " + to + ", " + from, sse(UNALIGNED, 0x7F, from, to)).with(Effect.STORE);
    }

    // addsd xmm, [m]                           F2 REX 0F 58 /r
    static Insn addDouble(Xmm to, Address from) {
        return Insn.of("addsd " + to + ", " + pointer(8) + from, sse(DOUBLE, 0x58, to, from)).with(Effect.READ);
    }

    // movsd [m], xmm                           F2 REX 0F 11 /r
    static Insn storeDouble(Address to, Xmm from) {
        return Insn.of("movsd " + pointer(8) + to + ", " + from, sse(DOUBLE, 0x11, from, to)).with(Effect.STORE);
    }

    private static byte[] sse(int prefix, int opcode, Xmm register, Address at) {
        return new Bytes().memory(prefix, false, Gp.values()[register.ordinal()], false, at, 0x0F, opcode).toArray();
    }

    // lfence                                   0F AE E8
    static Insn loadFence() {
        return Insn.of("lfence", new byte[] {0x0F, (byte) 0xAE, (byte) 0xE8});
    }

    // rdtsc                                    0F 31
    static Insn readTimestamp() {
        return Insn.of("rdtsc", new byte[] {0x0F, 0x31});
    }

    // syscall                                  0F 05
    static Insn systemCall() {
        return Insn.of("syscall", new byte[] {0x0F, 0x05}).with(Effect.SYSTEM_CALL);
    }

    // ret                                      C3
    static Insn ret() {
        return Insn.of("ret", new byte[] {(byte) 0xC3}).with(Effect.RETURN);
    }

    // ud1 edi, [rip+signature]                 0F B9 3D id: never executed, and the signature is its last four bytes
    static Insn signature(int signature) {
        byte[] bytes = new Bytes().put(0x0F).put(0xB9).put(0x3D).int32(signature).toArray();
        return Insn.of("ud1 edi, dword ptr [rip+" + signature + "]", bytes).with(Effect.DATA);
    }

    /**
     * An encoding that ends in the distance to a label.
     *
     * @param opcode the bytes before the distance
     * @param distanceSizeBytes 1 or 4
     * @param displacement the number that is added to the distance
     */
    private record Relative(byte[] opcode, int distanceSizeBytes, int displacement) implements Insn.Form {
        @Override
        public int sizeBytes() {
            return opcode.length + distanceSizeBytes;
        }

        @Override
        public boolean reaches(long distanceBytes) {
            long relative = distanceBytes - sizeBytes() + displacement;
            return distanceSizeBytes == 1 ? Bytes.isByte(relative) : isInt(relative);
        }

        @Override
        public byte[] encode(long distanceBytes) {
            int relative = Math.toIntExact(distanceBytes - sizeBytes() + displacement);
            Bytes b = new Bytes();
            for (byte each : opcode) {
                b.put(each);
            }
            return (distanceSizeBytes == 1 ? b.put(relative) : b.int32(relative)).toArray();
        }
    }
}
