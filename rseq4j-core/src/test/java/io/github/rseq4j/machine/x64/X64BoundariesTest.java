package io.github.rseq4j.machine.x64;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.kernel.Architecture;
import io.github.rseq4j.machine.Assembled;
import io.github.rseq4j.machine.CodeBuffer;
import io.github.rseq4j.machine.Insn;
import io.github.rseq4j.machine.Label;
import io.github.rseq4j.machine.x64.X64.Jump;
import io.github.rseq4j.machine.x64.X64.Op;
import io.github.rseq4j.testing.GnuAs;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.function.LongFunction;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The corners of the encoder of AMD64 against GNU as: every operation on memory, every register in every field, every
 * boundary of a constant or a distance, on both sides.
 */
final class X64BoundariesTest {
    private static final long[] CONSTANTS = {Integer.MIN_VALUE, Integer.MIN_VALUE + 1L, -129, -128, -127, -1, 0, 1, 126,
        127, 128, 129, 255, 256, Integer.MAX_VALUE - 1L, Integer.MAX_VALUE};
    private static final long[] WIDE = {Long.MIN_VALUE, Long.MIN_VALUE + 1, Integer.MIN_VALUE - 1L, Integer.MIN_VALUE,
        Integer.MIN_VALUE + 1L, -1, 0, 1, 0x7FFF_FFFEL, 0x7FFF_FFFFL, 0x8000_0000L, 0x8000_0001L, 0xFFFF_FFFEL,
        0xFFFF_FFFFL, 0x1_0000_0000L, 0x1_0000_0001L, Long.MAX_VALUE - 1, Long.MAX_VALUE};
    private static final int[] SIZES = {4, 8};
    private static final List<Op> WITH_CONSTANT = List.of(Op.ADD, Op.OR, Op.AND, Op.SUB, Op.XOR, Op.CMP);
    /** Registers whose encoding as a base or an index is special, and one that is not. */
    private static final List<Gp> SPECIAL = List.of(Gp.RAX, Gp.RSP, Gp.RBP, Gp.R12, Gp.R13);

    private static void assertAsGnuAs(List<Insn> insns) {
        StringBuilder text = new StringBuilder(".intel_syntax noprefix\n");
        List<Integer> ends = new ArrayList<>();
        int end = 0;
        for (Insn insn : insns) {
            text.append(insn.text()).append('\n');
            end += insn.forms().getFirst().sizeBytes();
            ends.add(end);
        }
        byte[] assembled = Arrays.copyOf(GnuAs.assemble("", text.toString()), end);
        for (int i = 0; i < insns.size(); i++) {
            byte[] bytes = insns.get(i).forms().getFirst().encode(0);
            assertEquals(HexFormat.of().formatHex(assembled, ends.get(i) - bytes.length, ends.get(i)),
                    HexFormat.of().formatHex(bytes), "GNU as's bytes of \"" + insns.get(i).text() + "\" and ours");
        }
    }

    private static List<Address> places() {
        List<Address> places = new ArrayList<>(List.of(Address.thread(-192), Address.thread(8)));
        for (Gp base : SPECIAL) {
            for (int displacement : new int[] {0, 127, 128}) {
                places.add(Address.of(base, displacement));
                for (Gp index : SPECIAL) {
                    if (index != Gp.RSP) {
                        places.add(new Address(base, index, 2, displacement));
                    }
                }
            }
        }
        return places;
    }

    @ParameterizedTest
    @EnumSource
    void encodesEveryOperationOnMemory(Op op) {
        List<Insn> insns = new ArrayList<>();
        for (Address place : places()) {
            for (int size : SIZES) {
                for (Gp from : Gp.values()) {
                    insns.add(X64.op(op, size, place, from));
                }
                for (long constant : WITH_CONSTANT.contains(op) ? CONSTANTS : new long[0]) {
                    insns.add(X64.op(op, size, place, constant));
                }
            }
        }
        assertAsGnuAs(insns);
    }

    @Test
    void encodesLoadsAndStoresOfEveryRegister() {
        List<Insn> insns = new ArrayList<>();
        for (Gp register : Gp.values()) {
            for (Address place : places()) {
                for (int size : SIZES) {
                    insns.add(X64.load(size, register, place));
                }
                insns.addAll(List.of(X64.loadByte(register, place), X64.loadSigned(register, place),
                        X64.storeByte(place, register)));
                if (!place.isThread()) {
                    insns.add(X64.lea(register, place));
                }
            }
        }
        assertAsGnuAs(insns);
    }

    @Test
    void encodesEveryScaleOfEveryIndex() {
        List<Insn> insns = new ArrayList<>();
        for (Gp base : Gp.values()) {
            for (Gp index : Gp.values()) {
                for (int scale : index == Gp.RSP ? new int[0] : new int[] {1, 2, 4, 8}) {
                    insns.add(X64.lea(Gp.R8, new Address(base, index, scale, 0)));
                    insns.add(X64.lea(Gp.RDI, new Address(base, index, scale, -129)));
                }
            }
        }
        assertAsGnuAs(insns);
    }

    @Test
    void storesAndMovesEveryConstant() {
        List<Insn> insns = new ArrayList<>();
        for (long constant : CONSTANTS) {
            for (int size : SIZES) {
                for (Address place : places()) {
                    insns.add(X64.store(size, place, constant));
                }
                for (Gp register : Gp.values()) {
                    for (Op op : WITH_CONSTANT) {
                        insns.add(X64.op(op, size, register, constant));
                    }
                }
            }
        }
        for (long constant : WIDE) {
            for (Gp register : Gp.values()) {
                insns.add(X64.constant(register, constant));
            }
        }
        assertAsGnuAs(insns);
    }

    static Stream<Arguments> immediates() {
        Address place = Address.of(Gp.RDI, 0);
        List<Arguments> rows = new ArrayList<>();
        for (int size : SIZES) {
            for (Op op : WITH_CONSTANT) {
                for (Gp register : List.of(Gp.RAX, Gp.RBX, Gp.R12)) {
                    rows.add(row(op + " " + register.name(size), n -> X64.op(op, size, register, n)));
                }
                rows.add(row(op + " memory of " + size, n -> X64.op(op, size, place, n)));
            }
            rows.add(row("store of " + size, n -> X64.store(size, place, n)));
        }
        return rows.stream();
    }

    private static Arguments row(String what, LongFunction<Insn> encoder) {
        return Arguments.of(what, encoder);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("immediates")
    void refusesAConstantOf33Bits(String what, LongFunction<Insn> encoder) {
        for (long good : CONSTANTS) {
            assertDoesNotThrow(() -> encoder.apply(good), what + " " + good);
        }
        for (long bad : new long[] {Integer.MIN_VALUE - 1L, Integer.MAX_VALUE + 1L, 0xFFFF_FFFFL, Long.MIN_VALUE,
            Long.MAX_VALUE}) {
            String message = assertThrows(IllegalArgumentException.class, () -> encoder.apply(bad), what + " " + bad)
                    .getMessage();
            assertTrue(String.valueOf(message).contains("immediate=" + bad), message);
        }
    }

    @Test
    void refusesEverySizeButTwo() {
        Address place = Address.of(Gp.RDI, 0);
        for (int size : new int[] {-1, 0, 1, 2, 3, 5, 7, 9, 16}) {
            for (Op op : Op.values()) {
                assertThrows(IllegalArgumentException.class, () -> X64.op(op, size, Gp.RAX, Gp.RBX));
                assertThrows(IllegalArgumentException.class, () -> X64.op(op, size, Gp.RAX, 1));
                assertThrows(IllegalArgumentException.class, () -> X64.op(op, size, place, Gp.RAX));
                assertThrows(IllegalArgumentException.class, () -> X64.op(op, size, place, 1));
            }
            assertThrows(IllegalArgumentException.class, () -> X64.load(size, Gp.RAX, place));
            assertThrows(IllegalArgumentException.class, () -> X64.store(size, place, 1));
        }
    }

    @Test
    void refusesEveryIndexAndScaleWithoutAnEncoding() {
        for (Gp base : Gp.values()) {
            assertThrows(IllegalArgumentException.class, () -> new Address(base, Gp.RSP, 1, 0));
            for (int scale : new int[] {Integer.MIN_VALUE, -1, 0, 3, 5, 6, 7, 9, 16}) {
                assertThrows(IllegalArgumentException.class, () -> new Address(base, Gp.RAX, scale, 0));
            }
        }
        assertThrows(ArithmeticException.class, () -> Address.thread(Integer.MIN_VALUE - 1L));
        assertThrows(ArithmeticException.class, () -> Address.thread(Integer.MAX_VALUE + 1L));
    }

    /** The instructions that refer to a label by its distance, with their text for GNU as. */
    private static List<Insn> relatives(Label label) {
        List<Insn> insns = new ArrayList<>(List.of(X64.lockIncrement(label)));
        for (Gp register : Gp.values()) {
            insns.add(X64.lea(register, label));
            for (int displacement : new int[] {0, 8, 127, 128, Integer.MAX_VALUE / 2}) {
                insns.add(X64.load(register, label, displacement));
            }
        }
        return insns;
    }

    private static void assertSameCode(CodeBuffer buffer, String text) {
        assertArrayEquals(GnuAs.assemble("", ".intel_syntax noprefix\n" + text),
                new Assembled("tried", Architecture.X64, buffer, List.of(), List.of()).at(0, 0).bytes(), text);
    }

    @Test
    void refersToALabelOnEitherSide() {
        Label before = new Label("before");
        Label behind = new Label("behind");
        CodeBuffer buffer = new CodeBuffer();
        StringBuilder text = new StringBuilder("before:\n");
        buffer.bind(before);
        List<Insn> insns = new ArrayList<>(relatives(before));
        insns.addAll(relatives(behind));
        for (Insn insn : insns) {
            buffer.emit(insn);
            text.append(insn.text()).append('\n');
        }
        buffer.bind(behind);
        buffer.emit(X64.ret());
        assertSameCode(buffer, text.append("behind:\nret\n").toString());
    }

    /**
     * Branches over branches: lengthening one moves the targets of others, some of which must be lengthened then. Every
     * distance around the boundary of a byte occurs once, forward and backward.
     */
    @Test
    void lengthensBranchesWhoseTargetsMovedAway() {
        for (int padding = 100; padding <= 134; padding++) {
            CodeBuffer buffer = new CodeBuffer();
            StringBuilder text = new StringBuilder();
            List<Label> labels = new ArrayList<>();
            for (int i = 0; i < 6; i++) {
                labels.add(new Label("l" + i));
            }
            for (int i = 0; i < labels.size(); i++) {
                buffer.bind(labels.get(i));
                text.append("l").append(i).append(":\n");
                for (Insn branch : List.of(X64.jump(labels.get((i + 1) % 6)),
                        X64.jump(Jump.JA, labels.get((i + 2) % 6)), X64.jump(Jump.JS, labels.get((i + 5) % 6)))) {
                    buffer.emit(branch);
                    text.append(branch.text()).append('\n');
                }
                int rets = i % 2 == 0 ? padding : 10;
                for (int k = 0; k < rets; k++) {
                    buffer.emit(X64.ret());
                }
                text.append(".fill ").append(rets).append(", 1, 0xc3\n");
            }
            assertSameCode(buffer, text.toString());
        }
    }

    @Test
    void refusesATargetBeyondTwoGibibytes() {
        Label far = new Label("far");
        for (Insn insn : List.of(X64.jump(far), X64.jump(Jump.JB, far), X64.lea(Gp.RAX, far), X64.lockIncrement(far))) {
            CodeBuffer buffer = new CodeBuffer();
            buffer.emit(insn);
            Assembled assembled = new Assembled("tried", Architecture.X64, buffer, List.of(), List.of(far));
            int size = insn.forms().getLast().sizeBytes();
            for (long good : new long[] {Integer.MIN_VALUE + (long) size, Integer.MAX_VALUE + (long) size}) {
                assertEquals(size, assembled.at(0, good).bytes().length, insn.text());
            }
            for (long bad : new long[] {Integer.MIN_VALUE + size - 1L, Integer.MAX_VALUE + 1L + size}) {
                String message = assertThrows(IllegalStateException.class, () -> assembled.at(0, bad)).getMessage();
                assertTrue(String.valueOf(message).contains(insn.text()), message);
            }
        }
    }
}
