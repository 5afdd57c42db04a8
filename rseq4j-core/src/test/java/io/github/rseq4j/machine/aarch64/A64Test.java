package io.github.rseq4j.machine.aarch64;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.kernel.Architecture;
import io.github.rseq4j.machine.Assembled;
import io.github.rseq4j.machine.CodeBuffer;
import io.github.rseq4j.machine.Insn;
import io.github.rseq4j.machine.Label;
import io.github.rseq4j.machine.MachineCode;
import io.github.rseq4j.machine.aarch64.A64.Access;
import io.github.rseq4j.machine.aarch64.A64.Condition;
import io.github.rseq4j.testing.GnuAs;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The encoder of A64, row by row against GNU as: every register, size and boundary of a constant. */
final class A64Test {
    private static final int[] SIZES = {4, 8};
    private static final long[] OFFSETS = {-256, -255, -8, -4, -1, 0, 1, 4, 7, 8, 255, 256, 4088, 4095 * 4, 4095 * 8};

    private static void assertAsGnuAs(List<Insn> insns) {
        StringBuilder text = new StringBuilder(".arch armv8-a\n");
        for (Insn insn : insns) {
            text.append(insn.text()).append('\n');
        }
        byte[] assembled = GnuAs.assemble(Architecture.AARCH64, text.toString());
        assertEquals(insns.size() * 4, assembled.length);
        for (int i = 0; i < insns.size(); i++) {
            assertEquals(HexFormat.of().formatHex(assembled, i * 4, i * 4 + 4),
                    HexFormat.of().formatHex(insns.get(i).forms().getFirst().encode(0)),
                    "GNU as's bytes of \"" + insns.get(i).text() + "\" and ours");
        }
    }

    @Test
    void encodesWhatHasRegistersAlone() {
        List<Insn> insns = new ArrayList<>(List.of(A64.ret(), A64.systemCall(), A64.dataBarrier(), A64.codeBarrier(),
                A64.pushFrame(), A64.popFrame(), A64.moveStackPointer(29, A64.SP), A64.moveStackPointer(A64.SP, 29),
                A64.signature(Architecture.AARCH64.signature())));
        for (int to = 0; to <= 30; to++) {
            insns.addAll(List.of(A64.push(to), A64.pop(to), A64.threadPointer(to), A64.counter(to), A64.leaveTo(to),
                    A64.call(to), A64.cleanData(to), A64.invalidateCode(to), A64.countDown(4, to),
                    A64.countDown(8, to)));
            for (int from = 0; from <= 31; from++) {
                for (int size : SIZES) {
                    insns.add(A64.move(size, to, from));
                    insns.add(A64.compare(size, to, from));
                    insns.add(A64.and(size, to, 30 - to, from));
                    insns.add(A64.subtract(size, to, 30 - to, from));
                    for (int shift = 0; shift <= 3; shift++) {
                        insns.add(A64.add(size, to, 30 - to, from, shift));
                    }
                    insns.add(A64.storeRelease(size, from, to));
                }
            }
            for (int bits : new int[] {1, 2, 20, 31, 32, 63}) {
                insns.add(A64.shiftLeft(to, 30 - to, bits));
            }
        }
        assertAsGnuAs(insns);
    }

    @Test
    void encodesAdditionsAndComparisonsOfConstants() {
        List<Insn> insns = new ArrayList<>();
        for (int register = 0; register <= 31; register++) {
            for (long value : new long[] {-0xFFF000, -0x1000, -0xFFF, -1, 0, 1, 0xFFF, 0x1000, 0xFFF000}) {
                // With #0 and the stack pointer GNU as says mov, and means the same.
                insns.add(A64.add(register, 31 - register, value));
            }
            if (register < 31) {
                for (int size : SIZES) {
                    for (long value : new long[] {0, 1, 0xFFF}) {
                        insns.add(A64.compare(size, register, value));
                    }
                }
            }
        }
        assertAsGnuAs(insns);
    }

    /** The bytes are GNU as's, and put together they give the value. */
    @ParameterizedTest
    @ValueSource(longs = {Long.MIN_VALUE, Integer.MIN_VALUE - 1L, Integer.MIN_VALUE, -0x10001, -0x10000, -0xFFFF, -1, 0,
        1, 0xFFFF, 0x10000, 0x10001, Integer.MAX_VALUE, 0xFFFF_FFFFL, 0x1_0000_0000L, 0x1234_0000_5678_0000L,
        0xFFFF_1234_FFFF_5678L, Long.MAX_VALUE})
    void composesEveryConstant(long value) {
        List<Insn> insns = A64.constant(7, value);
        assertAsGnuAs(insns);
        long composed = 0;
        for (Insn insn : insns) {
            String[] words = insn.text().split("[ ,#]+", -1);
            long bits = Long.parseLong(words[2]);
            int shift = words.length > 3 ? Integer.parseInt(words[4]) : 0;
            composed = switch (words[0]) {
                case "movz" -> bits << shift;
                case "movn" -> ~(bits << shift);
                default -> composed & ~(0xFFFFL << shift) | bits << shift;
            };
        }
        assertEquals(value, composed, insns.toString());
        assertTrue(insns.size() <= 4);
    }

    @ParameterizedTest
    @EnumSource
    void encodesLoadsAndStores(Access access) {
        List<Insn> insns = new ArrayList<>();
        for (int register = 0; register <= 31; register++) {
            for (long offset : OFFSETS) {
                if (A64.isOffset(access, offset)) {
                    insns.add(A64.memory(access, register, 31 - register, offset));
                }
            }
            for (int index = 0; index <= 30; index += 5) {
                insns.add(A64.memoryAt(access, register, 31 - register, index));
            }
        }
        assertTrue(insns.size() > 32 * 16, "offsets of both forms");
        assertAsGnuAs(insns);
    }

    @Test
    void encodesExclusives() {
        List<Insn> insns = new ArrayList<>();
        for (int base = 0; base <= 31; base++) {
            insns.add(A64.loadExclusive(31 - base, base));
            insns.add(A64.storeExclusive((base + 3) % 31, (base + 5) % 31, base));
        }
        // Where the three registers are not distinct, the instruction is not to be relied on, and GNU as warns.
        insns.removeIf(insn -> insn.text().matches("stxr w(\\d+), x\\1,.*|stxr w(\\d+),.*\\[x\\2\\]"));
        assertAsGnuAs(insns);
    }

    /** Distances on both sides of what a branch holds are beyond what GNU as is asked for here; these are near. */
    @ParameterizedTest
    @ValueSource(ints = {-70_000, -4, 0, 4, 70_000})
    void encodesDistancesAsGnuAsDoes(int distance) {
        List<Insn> branches = new ArrayList<>();
        Label label = new Label("target");
        for (Condition condition : Condition.values()) {
            branches.add(A64.branch(condition, label));
        }
        branches.addAll(List.of(A64.branch(label), A64.call(label), A64.branchIfZero(5, label), A64.address(9, label),
                A64.load(30, label)));
        for (Insn branch : branches) {
            CodeBuffer buffer = new CodeBuffer();
            StringBuilder text = new StringBuilder();
            int padding = Math.abs(distance) / 4;
            if (distance <= 0) {
                buffer.bind(label);
                text.append("target:\n");
            }
            if (distance < 0) {
                pad(buffer, text, padding);
            }
            buffer.emit(branch);
            text.append(branch.text()).append('\n');
            if (distance > 0) {
                pad(buffer, text, padding);
                buffer.bind(label);
                text.append("target:\n");
            }
            buffer.emit(A64.ret());
            text.append("ret\n");
            MachineCode code = new Assembled("branch", Architecture.AARCH64, buffer, List.of(), List.of()).at(0, 0);
            assertEquals(HexFormat.of().formatHex(GnuAs.assemble(Architecture.AARCH64, text.toString())),
                    HexFormat.of().formatHex(code.bytes()), branch.text());
        }
    }

    private static void pad(CodeBuffer buffer, StringBuilder text, int instructions) {
        for (int i = 0; i < instructions; i++) {
            buffer.emit(A64.ret());
        }
        text.append(".rept ").append(instructions).append("\nret\n.endr\n");
    }

    @Test
    void reachesAsFarAsTheArchitectureSays() {
        Label label = new Label("target");
        long[][] rows = {{1 << 20, 4}, {1 << 27, 4}, {1 << 20, 1}};
        List<Insn> insns = List.of(A64.branch(Condition.EQ, label), A64.branch(label), A64.address(0, label));
        for (int i = 0; i < rows.length; i++) {
            Insn.Form form = insns.get(i).forms().getFirst();
            assertTrue(form.reaches(-rows[i][0]), insns.get(i).text());
            assertTrue(form.reaches(rows[i][0] - rows[i][1]), insns.get(i).text());
            assertTrue(!form.reaches(rows[i][0]), insns.get(i).text());
            assertTrue(!form.reaches(-rows[i][0] - rows[i][1]), insns.get(i).text());
            assertEquals(rows[i][1] == 1, form.reaches(2), insns.get(i).text());
        }
    }

    @Test
    void refusesWhatCannotBeEncoded() {
        List<Executable> refused = List.of(
                () -> A64.move(8, 32, 0),
                () -> A64.move(8, 0, -1),
                () -> A64.move(2, 0, 1),
                () -> A64.add(0, 1, 0x1001),
                () -> A64.add(0, 1, 0x100_0000),
                () -> A64.add(8, 0, 1, 2, 4),
                () -> A64.compare(8, 1, 0x1000L),
                () -> A64.compare(8, 1, -1L),
                () -> A64.memory(Access.LOAD, 0, 1, 257),
                () -> A64.memory(Access.LOAD, 0, 1, -257),
                () -> A64.memory(Access.LOAD, 0, 1, 4096 * 8),
                () -> A64.shiftLeft(0, 0, 0),
                () -> A64.shiftLeft(0, 0, 64));
        for (Executable each : refused) {
            String message = String.valueOf(assertThrows(IllegalArgumentException.class, each).getMessage());
            assertTrue(message.contains("=") && message.contains("must"), message);
        }
    }
}
