package io.github.rseq4j.machine.x64;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.kernel.Architecture;
import io.github.rseq4j.machine.Assembled;
import io.github.rseq4j.machine.CodeBuffer;
import io.github.rseq4j.machine.Insn;
import io.github.rseq4j.machine.Label;
import io.github.rseq4j.machine.MachineCode;
import io.github.rseq4j.machine.x64.X64.Jump;
import io.github.rseq4j.machine.x64.X64.Op;
import io.github.rseq4j.testing.GnuAs;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The encoder of AMD64, row by row against GNU as: every register, size and boundary of a constant. */
final class X64Test {
    private static final long[] CONSTANTS = {Integer.MIN_VALUE, -129, -128, -1, 0, 1, 127, 128, 255, 256,
        Integer.MAX_VALUE};
    private static final int[] DISPLACEMENTS = {Integer.MIN_VALUE, -129, -128, -1, 0, 1, 127, 128, Integer.MAX_VALUE};
    private static final int[] SIZES = {4, 8};
    private static final List<Op> WITH_CONSTANT = List.of(Op.ADD, Op.OR, Op.AND, Op.SUB, Op.XOR, Op.CMP);

    /** Assembles all texts in one run, and compares each instruction's bytes. */
    private static void assertAsGnuAs(List<Insn> insns) {
        StringBuilder text = new StringBuilder(".intel_syntax noprefix\n");
        StringBuilder expected = new StringBuilder();
        for (Insn insn : insns) {
            text.append(insn.text()).append('\n');
            expected.append(HexFormat.of().formatHex(insn.forms().getFirst().encode(0))).append('\n');
        }
        byte[] assembled = GnuAs.assemble("", text.toString());
        StringBuilder actual = new StringBuilder();
        int at = 0;
        for (Insn insn : insns) {
            int size = insn.forms().getFirst().sizeBytes();
            int end = Math.min(assembled.length, at + size);
            actual.append(HexFormat.of().formatHex(assembled, Math.min(at, end), end)).append('\n');
            at += size;
        }
        List<String> rows = expected.toString().lines().toList();
        List<String> others = actual.toString().lines().toList();
        for (int i = 0; i < rows.size(); i++) {
            assertEquals(others.get(i), rows.get(i), "GNU as's bytes of \"" + insns.get(i).text() + "\" and ours");
        }
        assertEquals(at, assembled.length);
    }

    private static List<Address> addresses() {
        List<Address> addresses = new ArrayList<>();
        for (Gp base : Gp.values()) {
            for (int displacement : DISPLACEMENTS) {
                addresses.add(Address.of(base, displacement));
            }
            for (Gp index : Gp.values()) {
                if (index != Gp.RSP) {
                    addresses.add(new Address(base, index, 1, 0));
                    addresses.add(new Address(base, index, 8, -128));
                    addresses.add(new Address(base, index, 4, 128));
                }
            }
            addresses.add(new Address(base, Gp.RBP, 2, 127));
        }
        for (int displacement : DISPLACEMENTS) {
            addresses.add(Address.thread(displacement));
            for (Gp offset : Gp.values()) {
                addresses.add(Address.thread(offset, displacement));
            }
        }
        return addresses;
    }

    @ParameterizedTest
    @EnumSource
    void encodesRegisterWithRegister(Op op) {
        List<Insn> insns = new ArrayList<>();
        for (int size : SIZES) {
            for (Gp to : Gp.values()) {
                for (Gp from : Gp.values()) {
                    insns.add(X64.op(op, size, to, from));
                }
            }
        }
        assertAsGnuAs(insns);
    }

    @Test
    void encodesRegisterWithConstant() {
        List<Insn> insns = new ArrayList<>();
        for (Op op : WITH_CONSTANT) {
            for (int size : SIZES) {
                for (Gp to : Gp.values()) {
                    for (long constant : CONSTANTS) {
                        insns.add(X64.op(op, size, to, constant));
                    }
                }
            }
        }
        assertAsGnuAs(insns);
    }

    @Test
    void encodesEveryAddress() {
        List<Insn> insns = new ArrayList<>();
        for (Address address : addresses()) {
            for (int size : SIZES) {
                insns.add(X64.load(size, Gp.R11, address));
                insns.add(X64.load(size, Gp.RAX, address));
                insns.add(X64.op(Op.MOV, size, address, Gp.RSI));
                insns.add(X64.op(Op.ADD, size, address, Gp.R9));
                insns.add(X64.op(Op.CMP, size, address, -129));
                insns.add(X64.op(Op.ADD, size, address, 127));
                insns.add(X64.store(size, address, Integer.MIN_VALUE));
            }
            insns.add(X64.loadByte(Gp.R8, address));
            insns.add(X64.loadSigned(Gp.RDX, address));
            insns.add(X64.decrement(address));
            for (Xmm register : Xmm.values()) {
                insns.add(X64.addDouble(register, address));
                insns.add(X64.storeDouble(address, register));
            }
            if (!address.isThread()) {
                insns.add(X64.lea(Gp.R13, address));
            }
        }
        assertAsGnuAs(insns);
    }

    @Test
    void encodesPairs() {
        List<Insn> insns = new ArrayList<>();
        for (Xmm pair : Xmm.values()) {
            for (Address address : addresses()) {
                insns.add(X64.loadPair(pair, address));
                insns.add(X64.storePair(address, pair));
            }
            for (Gp from : Gp.values()) {
                insns.add(X64.move(pair, from));
            }
            for (Xmm from : Xmm.values()) {
                insns.add(X64.addPair(pair, from));
                insns.add(X64.joinLower(pair, from));
            }
        }
        assertAsGnuAs(insns);
    }

    @Test
    void encodesEveryByteRegister() {
        List<Insn> insns = new ArrayList<>();
        for (Gp from : Gp.values()) {
            insns.add(X64.storeByte(Address.of(Gp.RDI, 0), from));
            insns.add(X64.storeByte(new Address(Gp.R12, Gp.R13, 1, 5), from));
            insns.add(X64.loadByte(from, Address.of(Gp.RBP, 0)));
        }
        assertAsGnuAs(insns);
    }

    @Test
    void encodesConstantsInTheShortestForm() {
        List<Insn> insns = new ArrayList<>();
        for (Gp to : Gp.values()) {
            for (long value : new long[] {Long.MIN_VALUE, Integer.MIN_VALUE - 1L, Integer.MIN_VALUE, -1, 0, 1,
                Integer.MAX_VALUE, Integer.MAX_VALUE + 1L, 0xFFFF_FFFFL, 0x1_0000_0000L, Long.MAX_VALUE}) {
                insns.add(X64.constant(to, value));
            }
        }
        assertAsGnuAs(insns);
    }

    @Test
    void encodesInstructionsWithOneOperandOrNone() {
        List<Insn> insns = new ArrayList<>(List.of(X64.loadFence(), X64.readTimestamp(), X64.systemCall(), X64.ret(),
                X64.signature(Architecture.X64.signature())));
        for (Gp register : Gp.values()) {
            insns.addAll(List.of(X64.push(register), X64.pop(register), X64.increment(register),
                    X64.decrement(register), X64.call(register), X64.leaveTo(register)));
            for (int bits : new int[] {1, 2, 31, 32, 63}) {
                insns.add(X64.shiftLeft(register, bits));
            }
            insns.add(X64.shiftRight(register));
            for (Gp from : Gp.values()) {
                insns.add(X64.highestBit(register, from));
            }
        }
        assertAsGnuAs(insns);
    }

    /** Distances from the instruction's end, on both sides of a byte's limits. */
    @ParameterizedTest
    @ValueSource(ints = {-70_000, -140, -130, -129, -128, -127, -126, -2, 0, 1, 125, 126, 127, 128, 129, 70_000})
    void choosesTheFormOfABranchLikeGnuAs(int padding) {
        List<Insn> branches = new ArrayList<>();
        Label label = new Label("target");
        for (Jump jump : Jump.values()) {
            branches.add(X64.jump(jump, label));
        }
        branches.add(X64.jump(label));
        branches.add(X64.lea(Gp.R9, label));
        branches.add(X64.load(Gp.RAX, label, 8));
        branches.add(X64.lockIncrement(label));
        branches.add(X64.call(label));
        for (Gp register : Gp.values()) {
            branches.add(X64.store(label, register));
            branches.add(X64.compare(register, label));
        }
        for (Insn branch : branches) {
            CodeBuffer buffer = new CodeBuffer();
            StringBuilder text = new StringBuilder(".intel_syntax noprefix\n.balign 64\n");
            Runnable pad = () -> {
                for (int i = 0; i < Math.abs(padding); i++) {
                    buffer.emit(X64.ret());
                }
                text.append(".fill ").append(Math.abs(padding)).append(", 1, 0xc3\n");
            };
            Runnable bind = () -> {
                buffer.bind(label);
                text.append("target:\n");
            };
            if (padding < 0) {
                bind.run();
                pad.run();
            }
            buffer.emit(branch);
            text.append(branch.text()).append('\n');
            if (padding >= 0) {
                pad.run();
                bind.run();
            }
            buffer.emit(X64.ret());
            text.append("ret\n");
            MachineCode code = new Assembled("branch", Architecture.X64, buffer, List.of(), List.of()).at(0, 0);
            assertEquals(HexFormat.of().formatHex(GnuAs.assemble("", text.toString())),
                    HexFormat.of().formatHex(code.bytes()), branch.text());
        }
    }

    @Test
    void refusesOperandsThatCannotBeEncoded() {
        List<Executable> refused = List.of(
                () -> new Address(Gp.RAX, Gp.RSP, 1, 0),
                () -> new Address(null, Gp.RAX, 1, 0),
                () -> new Address(Gp.RAX, Gp.RBX, 1, 0, true),
                () -> new Address(Gp.RAX, Gp.RBX, 3, 0),
                () -> new Address(Gp.RAX, Gp.RBX, 16, 0),
                () -> new Address(Gp.RAX, Gp.RBX, 0, 0),
                () -> X64.op(Op.ADD, 8, Gp.RAX, Integer.MAX_VALUE + 1L),
                () -> X64.op(Op.ADD, 8, Gp.RBX, Integer.MIN_VALUE - 1L),
                () -> X64.op(Op.CMP, 8, Address.of(Gp.RAX, 0), Integer.MAX_VALUE + 1L),
                () -> X64.store(8, Address.of(Gp.RAX, 0), Integer.MIN_VALUE - 1L),
                () -> X64.op(Op.MOV, 8, Gp.RAX, 1),
                () -> X64.op(Op.TEST, 8, Gp.RAX, 1),
                () -> X64.op(Op.ADD, 2, Gp.RAX, Gp.RBX),
                () -> X64.load(1, Gp.RAX, Address.of(Gp.RAX, 0)),
                () -> X64.lea(Gp.RAX, Address.thread(8)),
                () -> X64.shiftLeft(Gp.RAX, 0),
                () -> X64.shiftLeft(Gp.RAX, 64),
                () -> Gp.RAX.name(2));
        for (Executable each : refused) {
            String message = String.valueOf(assertThrows(IllegalArgumentException.class, each).getMessage());
            assertTrue(message.contains("=") || message.contains("must"), message);
        }
        assertThrows(ArithmeticException.class, () -> Address.thread(Integer.MAX_VALUE + 1L));
    }
}
