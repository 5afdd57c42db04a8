package io.github.rseq4j.machine;

import static io.github.rseq4j.ir.Operand.arg;
import static io.github.rseq4j.ir.Operand.imm;
import static io.github.rseq4j.ir.Operand.temp;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.ir.Index;
import io.github.rseq4j.ir.Mem;
import io.github.rseq4j.ir.Section;
import io.github.rseq4j.ir.Step.CommitAdd;
import io.github.rseq4j.ir.Step.Copy;
import io.github.rseq4j.ir.Step.Load;
import io.github.rseq4j.ir.Step.Move;
import io.github.rseq4j.ir.Step.Store;
import io.github.rseq4j.ir.Step.Timestamp;
import io.github.rseq4j.ir.Step;
import io.github.rseq4j.ir.Width;
import io.github.rseq4j.kernel.Architecture;
import io.github.rseq4j.kernel.SystemCall;
import io.github.rseq4j.section.Condition;
import io.github.rseq4j.section.Order;
import io.github.rseq4j.testing.GnuAs;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The compiler accepts everything that the rules allow, with any number of arguments, and GNU as assembles the same
 * bytes.
 */
final class CompilerTest {
    private static final Compiler COMPILER = new Compiler(Architecture.X64);
    private static final int REACH_BYTES = 1 << 19;
    private static final Step COMMIT = new CommitAdd(Mem.cell(arg(0)), imm(1), Width.LONG, Order.RELEASE);

    /** An event of a trace: the time, a header and a payload, with as many registers as a section may use. */
    private static Chain event() {
        return Chain.of(5, new Section("timestamp_store_memcpy_add", List.of(
                new Timestamp(temp(0)),
                new Load(temp(1), Mem.cell(arg(0)), Width.LONG),
                new Move(temp(2), arg(4)),
                new Move(temp(3), arg(3)),
                new Step.ExitIf(Condition.ABOVE_OR_EQUAL, temp(1), arg(1), Width.LONG, 0),
                new Store(Mem.cell(arg(0), 64), temp(0), Width.LONG),
                new Store(Mem.cell(arg(0), 72), temp(2), Width.INT),
                new Copy(Mem.cell(arg(0), 80), arg(2), temp(3), 64),
                COMMIT), null));
    }

    /** Indices that are arguments need two more registers, also where they lie on the stack. */
    private static Chain timedElement() {
        return Chain.of(3, new Section("timestamp_store_element_add", List.of(
                new Timestamp(temp(3)),
                new Move(temp(0), arg(1)),
                new Move(temp(1), arg(2)),
                new Move(temp(2), imm(Long.MAX_VALUE)),
                new Store(Mem.element(arg(0), 64, arg(1), 8), temp(3), Width.LONG),
                new Store(Mem.element(arg(0), 128, arg(2), 4), temp(2), Width.INT),
                COMMIT), null));
    }

    static Stream<Arguments> chains() {
        return Stream.concat(SampleSections.all().stream(), Stream.of(event(), timedElement()))
                .flatMap(chain -> Arrays.stream(Architecture.values()).map(each -> Arguments.of(chain, each)));
    }

    @ParameterizedTest
    @MethodSource("chains")
    void compilesASectionWithEveryNumberOfArguments(Chain chain, Architecture architecture) {
        List<Chain> padded = new ArrayList<>();
        for (int arguments = chain.arguments(); arguments <= Chain.MAX_ARGUMENTS; arguments++) {
            padded.add(new Chain(chain.name(), arguments, chain.restarts(), chain.sections()));
        }
        AssembledListings.assertSameBytes(architecture, padded);
    }

    /**
     * 13 arguments, and 2 constants of 8 bytes in each step: more than a page, so the listing's data lies further away.
     */
    @ParameterizedTest
    @EnumSource
    void compilesTheLargestChainThatTheRulesAllow(Architecture architecture) {
        List<Step> steps = new ArrayList<>(Collections.nCopies(Section.MAX_STEPS - 1,
                new Store(Mem.element(arg(13), 1024, arg(14), 8), imm(Long.MAX_VALUE), Width.LONG)));
        steps.add(COMMIT);
        Chain chain = new Chain("largest", Chain.MAX_ARGUMENTS, Chain.MAX_RESTARTS,
                Collections.nCopies(Chain.MAX_SECTIONS, new Section("largest", steps, null)));
        MachineCode code = new Compiler(architecture).compile(chain, Target.NOMINAL).checked(0, REACH_BYTES);
        assertTrue(code.bytes().length > 4096, "bytes=" + code.bytes().length);
        byte[] assembled = GnuAs.assemble(architecture, Listing.of(chain, architecture, Index.MM_CID));
        assertEquals(code.entryOffset(), Chain.MAX_SECTIONS * 32);
        assertTrue(assembled.length > code.bytes().length, "the data follows the code");
    }

    @ParameterizedTest
    @CsvSource({"2, 6", "6, 2"})
    void refusesACopyFromTheStackWithTheReason(int from, int length) {
        Copy copy = new Copy(Mem.cell(arg(1)), arg(from), arg(length), 64);
        String message = assertThrows(IllegalArgumentException.class,
                () -> new Section("memcpy_add", List.of(copy, COMMIT), null)).getMessage();
        assertTrue(String.valueOf(message).contains("step 0 (" + copy + ") breaks the rule: a copy takes source and "
                + "length from temporaries or from the first 6 arguments"), message);
    }

    @ParameterizedTest
    @EnumSource
    void gnuAsAssemblesARoutineToTheSameBytes(Architecture architecture) {
        Label cell = new Label("cell");
        Compiler compiler = new Compiler(architecture);
        List<Assembled> routines = List.of(compiler.threadPointer(Target.NOMINAL),
                compiler.areaField(Target.NOMINAL), compiler.synchroniseCode(),
                compiler.routine("handler", Target.NOMINAL, List.of(cell), a -> {
                    a.systemCall(SystemCall.MPROTECT, 0x7FFF_FFFF_F000L, 4096, 3);
                    a.replaceInstruction(cell);
                    a.increment(cell);
                    a.leave(imm(-1));
                }));
        for (Assembled routine : routines) {
            MachineCode code = routine.checked(0, 4096);
            byte[] assembled = GnuAs.assemble(architecture, text(compiler, code));
            assertEquals(List.of(), code.ranges());
            assertEquals(hex(code.bytes()), hex(assembled).substring(0, 2 * code.bytes().length), routine.name());
        }
    }

    /** Returns the text of the routine with its labels, followed by its data. */
    private static String text(Compiler compiler, MachineCode code) {
        StringBuilder text = new StringBuilder(compiler.lowering().directives()).append('\n');
        for (CodeBuffer.Placed insn : code.insns()) {
            code.labels().forEach((label, offset) -> {
                if (offset == insn.offset()) {
                    text.append(label).append(":\n");
                }
            });
            text.append(insn.insn().text()).append('\n');
        }
        return text.append(".org 4096\ncell:\n").toString();
    }

    private static String hex(byte[] bytes) {
        return java.util.HexFormat.of().formatHex(bytes);
    }

    @Test
    void aFunctionPassesTheCheckerAtEveryAddress() {
        Assembled assembled = COMPILER.compile(event(), Target.NOMINAL);
        for (long base : new long[] {0, 64, 0x7FFF_FFFF_0000L}) {
            for (long distance : new long[] {-(1L << 30), 1 << 16, 1L << 30}) {
                MachineCode code = assembled.checked(base, base + distance);
                assertEquals(base + code.entryOffset(), code.entry());
            }
        }
        assertThrows(IllegalStateException.class, () -> assembled.at(0, 1L << 32), "the data is out of reach");
        for (long base : new long[] {-1, 1, 32, 63, 65}) {
            assertThrows(IllegalArgumentException.class, () -> assembled.at(base, base + 4096), "base=" + base);
        }
    }
}
