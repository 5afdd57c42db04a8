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

    /** Returns a register by its number, where 31 is the stack pointer. */
    private static Gp pointer(int number) {
        return number == 31 ? Gp.SP : Gp.values()[number];
    }

    /** Returns a register by its number, where 31 is zero. */
    private static Gp data(int number) {
        return number == 31 ? Gp.ZERO : Gp.values()[number];
    }

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
    void encodesInstructionsWithOnlyRegisters() {
        List<Insn> insns = new ArrayList<>(List.of(A64.ret(), A64.systemCall(), A64.dataBarrier(), A64.codeBarrier(),
                A64.pushFrame(), A64.popFrame(), A64.moveStackPointer(Gp.FRAME, Gp.SP),
                A64.moveStackPointer(Gp.SP, Gp.FRAME),
                A64.signature(Architecture.AARCH64.signature())));
        for (int number = 0; number <= 30; number++) {
            Gp to = data(number);
            Gp left = data(30 - number);
            insns.addAll(List.of(A64.push(to), A64.pop(to), A64.threadPointer(to), A64.counter(to), A64.leaveTo(to),
                    A64.call(to), A64.cleanData(to), A64.invalidateCode(to), A64.countDown(4, to),
                    A64.countDown(8, to)));
            for (int other = 0; other <= 31; other++) {
                Gp from = data(other);
                for (int size : SIZES) {
                    insns.add(A64.move(size, to, from));
                    insns.add(A64.compare(size, to, from));
                    insns.add(A64.and(size, to, left, from));
                    insns.add(A64.or(size, to, left, from));
                    insns.add(A64.shiftRight(size, to, left, from));
                    insns.add(A64.leadingZeros(size, to, from));
                    insns.add(A64.subtract(size, to, left, from));
                    for (int shift = 0; shift <= 3; shift++) {
                        insns.add(A64.add(size, to, left, from, shift));
                    }
                    insns.add(A64.storeRelease(size, from, to));
                }
                insns.addAll(List.of(A64.moveToDouble(to, from), A64.moveFromDouble(from, to),
                        A64.addDouble(to, left, from), A64.addDouble(from, to, left)));
            }
            for (int bits : new int[] {1, 2, 20, 31, 32, 63}) {
                insns.add(A64.shiftLeft(to, left, bits));
            }
        }
        assertAsGnuAs(insns);
    }

    @Test
    void encodesAdditionsAndComparisonsOfConstants() {
        List<Insn> insns = new ArrayList<>();
        for (int register = 0; register <= 31; register++) {
            for (long value : new long[] {-0xFFF000, -0x1000, -0xFFF, -1, 0, 1, 0xFFF, 0x1000, 0xFFF000}) {
                // With #0 and the stack pointer GNU as writes mov, which has the same encoding.
                insns.add(A64.add(pointer(register), pointer(31 - register), value));
            }
            for (int size : SIZES) {
                for (long value : new long[] {0, 1, 0xFFF}) {
                    insns.add(A64.compare(size, pointer(register), value));
                }
            }
        }
        assertAsGnuAs(insns);
    }

    /** The bytes equal those of GNU as, and the parts compose the value. */
    @ParameterizedTest
    @ValueSource(longs = {Long.MIN_VALUE, Integer.MIN_VALUE - 1L, Integer.MIN_VALUE, -0x10001, -0x10000, -0xFFFF, -1, 0,
        1, 0xFFFF, 0x10000, 0x10001, Integer.MAX_VALUE, 0xFFFF_FFFFL, 0x1_0000_0000L, 0x1234_0000_5678_0000L,
        0xFFFF_1234_FFFF_5678L, Long.MAX_VALUE})
    void composesEveryConstant(long value) {
        List<Insn> insns = A64.constant(Gp.X7, value);
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
                    insns.add(A64.memory(access, data(register), pointer(31 - register), offset));
                }
            }
            for (int index : new int[] {0, 5, 10, 15, 20, 25, 30, 31}) {
                insns.add(A64.memoryAt(access, data(register), pointer(31 - register), data(index)));
            }
        }
        assertTrue(insns.size() > 32 * 16, "offsets of both forms");
        assertAsGnuAs(insns);
    }

    @Test
    void encodesPairs() {
        List<Insn> insns = new ArrayList<>();
        for (int register = 0; register <= 31; register++) {
            for (long offset : new long[] {-512, -8, 0, 8, 504}) {
                // ldp to one register twice is unpredictable, and GNU as warns.
                insns.add(A64.loadPair(data(register), data((register + 1) % 32), pointer(31 - register), offset));
                insns.add(A64.storePair(data(register), data(31 - register), pointer(register), offset));
            }
        }
        assertAsGnuAs(insns);
    }

    @Test
    void encodesExclusives() {
        List<Insn> insns = new ArrayList<>();
        for (int base = 0; base <= 31; base++) {
            insns.add(A64.loadExclusive(data(31 - base), pointer(base)));
            insns.add(A64.storeExclusive(data((base + 3) % 31), data((base + 5) % 31), pointer(base)));
        }
        // Where the three registers are not distinct, the instruction is unpredictable, and GNU as warns.
        insns.removeIf(insn -> insn.text().matches("stxr w(\\d+), x\\1,.*|stxr w(\\d+),.*\\[x\\2\\]"));
        assertAsGnuAs(insns);
    }

    /** The limits of a branch's distance are too far for this comparison with GNU as; these distances are near. */
    @ParameterizedTest
    @ValueSource(ints = {-70_000, -4, 0, 4, 70_000})
    void encodesDistancesLikeGnuAs(int distance) {
        List<Insn> branches = new ArrayList<>();
        Label label = new Label("target");
        for (Condition condition : Condition.values()) {
            branches.add(A64.branch(condition, label));
        }
        branches.addAll(List.of(A64.branch(label), A64.call(label), A64.branchIfZero(Gp.X5, label),
                A64.address(Gp.X9, label), A64.load(Gp.X30, label)));
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
    void reachesAsFarAsTheArchitectureAllows() {
        Label label = new Label("target");
        long[][] rows = {{1 << 20, 4}, {1 << 27, 4}, {1 << 20, 1}};
        List<Insn> insns = List.of(A64.branch(Condition.EQ, label), A64.branch(label), A64.address(Gp.X0, label));
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
    void refusesOperandsThatCannotBeEncoded() {
        List<Executable> refused = List.of(
                () -> A64.move(8, Gp.SP, Gp.X0),
                () -> A64.move(8, Gp.X0, Gp.SP),
                () -> A64.move(2, Gp.X0, Gp.X1),
                () -> A64.add(Gp.ZERO, Gp.X1, 1),
                () -> A64.add(Gp.X0, Gp.ZERO, 1),
                () -> A64.moveStackPointer(Gp.ZERO, Gp.SP),
                () -> A64.add(8, Gp.X0, Gp.X1, Gp.SP, 0),
                () -> A64.compare(8, Gp.ZERO, 1L),
                () -> A64.compare(8, Gp.SP, Gp.X1),
                () -> A64.memory(Access.LOAD, Gp.SP, Gp.X1, 0),
                () -> A64.moveToDouble(Gp.X0, Gp.SP),
                () -> A64.memory(Access.LOAD, Gp.X1, Gp.ZERO, 0),
                () -> A64.loadPair(Gp.X1, Gp.X2, Gp.X3, -520),
                () -> A64.loadPair(Gp.X1, Gp.X2, Gp.X3, 4),
                () -> A64.storePair(Gp.X1, Gp.X2, Gp.X3, 512),
                () -> A64.storePair(Gp.X1, Gp.SP, Gp.X3, 0),
                () -> A64.memoryAt(Access.STORE, Gp.X1, Gp.X2, Gp.SP),
                () -> A64.push(Gp.SP),
                () -> A64.add(Gp.X0, Gp.X1, 0x1001),
                () -> A64.add(Gp.X0, Gp.X1, 0x100_0000),
                () -> A64.add(8, Gp.X0, Gp.X1, Gp.X2, 4),
                () -> A64.compare(8, Gp.X1, 0x1000L),
                () -> A64.compare(8, Gp.X1, -1L),
                () -> A64.memory(Access.LOAD, Gp.X0, Gp.X1, 257),
                () -> A64.memory(Access.LOAD, Gp.X0, Gp.X1, -257),
                () -> A64.memory(Access.LOAD, Gp.X0, Gp.X1, 4096 * 8),
                () -> A64.shiftLeft(Gp.X0, Gp.X0, 0),
                () -> A64.shiftLeft(Gp.X0, Gp.X0, 64));
        for (Executable each : refused) {
            String message = String.valueOf(assertThrows(IllegalArgumentException.class, each).getMessage());
            assertTrue(message.contains("=") && message.contains("must"), message);
        }
    }
}
