package io.github.rseq4j.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.kernel.Architecture;
import io.github.rseq4j.proof.RandomSections;
import io.github.rseq4j.sections.Sections;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Frames follow from the effects of the instructions on the stack, on every path to each of them; other code is
 * refused.
 */
final class CallFramesTest {
    private static final int STACK_POINTER = 7;
    private static final int RETURN_ADDRESS = 16;
    private static final int FRAME_POINTER = 6;
    private static final int SAVED = 3;
    private static final Lowering.Dwarf DWARF = new Lowering.Dwarf(1, STACK_POINTER, RETURN_ADDRESS, Long.BYTES);
    private static final StackChange PUSH = StackChange.push(Long.BYTES, SAVED);
    private static final StackChange POP = StackChange.pop(Long.BYTES, SAVED);

    /** Code of instructions of one byte each, from offset 0. */
    private static final class Code {
        private final List<CodeBuffer.Placed> insns = new ArrayList<>();
        private final List<MachineCode.Range> sections = new ArrayList<>();

        Code add(Effect effect, @Nullable StackChange change, int target) {
            int at = insns.size();
            Insn insn = Insn.of("insn " + at, new byte[] {0}).with(effect).with(change);
            insns.add(new CodeBuffer.Placed(at, insn, new byte[] {0}, target));
            return this;
        }

        Code add(StackChange change) {
            return add(Effect.STACK, change, -1);
        }

        Code add(Effect effect) {
            return add(effect, null, -1);
        }

        Code branch(int target) {
            return add(Effect.BRANCH, null, target);
        }

        Code section(int start, int postCommit, int abort) {
            sections.add(new MachineCode.Range("tried", 0, start, postCommit, abort));
            return this;
        }

        List<CallFrames.Function> frames() {
            return CallFrames.of(new MachineCode("tried", Architecture.X64, 0, new byte[insns.size()], 4096, 0,
                    List.copyOf(insns), Map.of(), List.copyOf(sections)), List.of(), DWARF);
        }

        void refused(String why) {
            String message = String.valueOf(assertThrows(IllegalStateException.class, this::frames).getMessage());
            assertTrue(message.contains(why), message);
        }
    }

    private static String rows(CallFrames.Function function) {
        StringBuilder text = new StringBuilder();
        function.rows().forEach(row -> text.append(row.offset()).append(": r").append(row.register()).append('+')
                .append(row.bytes()).append(' ').append(row.saved()).append('\n'));
        return text.toString();
    }

    @Test
    void followsPushesLinksAndPops() {
        List<CallFrames.Function> found = new Code().add(StackChange.push(8, FRAME_POINTER))
                .add(StackChange.link(FRAME_POINTER)).add(StackChange.move(-48)).add(Effect.COMPUTE)
                .add(StackChange.unlink(FRAME_POINTER)).add(StackChange.pop(8, FRAME_POINTER)).add(Effect.RETURN)
                .frames();
        assertEquals(1, found.size());
        assertEquals("""
                1: r7+16 {6=16, 16=8}
                2: r6+16 {6=16, 16=8}
                6: r7+8 {16=8}
                """, rows(found.getFirst()));
    }

    @Test
    void findsTheFrameAfterAReturnOnThePathThatLeadsThere() {
        List<CallFrames.Function> found = new Code().add(PUSH).branch(4).add(POP).add(Effect.RETURN).add(POP)
                .add(Effect.RETURN).frames();
        assertEquals("""
                1: r7+16 {3=16, 16=8}
                3: r7+8 {16=8}
                4: r7+16 {3=16, 16=8}
                5: r7+8 {16=8}
                """, rows(found.getFirst()));
    }

    @Test
    void entersAnAbortHandlerWithTheStackOfItsSection() {
        List<CallFrames.Function> found = new Code().add(PUSH).add(Effect.COMMIT).add(POP).add(Effect.RETURN)
                .add(Effect.DATA).branch(1).add(POP).add(Effect.RETURN).section(1, 2, 5).frames();
        assertEquals("""
                1: r7+16 {3=16, 16=8}
                3: r7+8 {16=8}
                5: r7+16 {3=16, 16=8}
                7: r7+8 {16=8}
                """, rows(found.getFirst()));
    }

    @Test
    void aCallTargetIsASeparateFunction() {
        List<CallFrames.Function> found = new Code().add(Effect.CALL, null, 2).add(Effect.RETURN)
                .add(PUSH).add(POP).add(Effect.RETURN).frames();
        assertEquals(2, found.size());
        assertEquals(2, found.getFirst().end());
        assertEquals("", rows(found.getFirst()));
        assertEquals("3: r7+16 {3=16, 16=8}\n4: r7+8 {16=8}\n", rows(found.getLast()));
    }

    @Test
    void refusesCodeThatNoTableCanDescribe() {
        new Code().add(PUSH).branch(3).add(POP).add(Effect.COMPUTE).add(Effect.RETURN)
                .refused("\"insn 3\" at 3: is reached with different frames");
        new Code().add(PUSH).add(Effect.RETURN).refused("leaves another stack than the function was called with");
        new Code().add(StackChange.move(-8)).add(Effect.RETURN).refused("leaves another stack");
        new Code().add(StackChange.UNKNOWN).add(Effect.RETURN).refused("leaves a stack that is not known");
        new Code().add(StackChange.unlink(FRAME_POINTER)).add(Effect.RETURN).refused("a stack that is not known");
        new Code().add(POP).add(Effect.RETURN).refused("a stack that is not known");
        new Code().add(PUSH).add(StackChange.push(8, 12)).add(POP).refused("a stack that is not known");
        new Code().add(PUSH).add(PUSH).refused("a stack that is not known");
        new Code().add(StackChange.push(8, STACK_POINTER)).add(StackChange.pop(8, STACK_POINTER))
                .refused("a stack that is not known");
        new Code().add(Effect.COMPUTE).add(Effect.DATA).refused("\"insn 1\" at 1: is reached");
        new Code().add(Effect.RETURN).add(Effect.COMPUTE).add(Effect.RETURN).refused("\"insn 1\" at 1: is in no");
        new Code().add(Effect.COMPUTE).refused("no instruction begins there");
        new Code().add(Effect.COMPUTE).add(PUSH).add(Effect.COMMIT).add(POP).add(Effect.RETURN).add(Effect.RETURN)
                .section(1, 3, 5).refused("is reached with different frames");
    }

    /** Aarch64 pushes the return address, and moves 16 bytes for a register of 8. */
    @Test
    void savesTheReturnAddressWhereTheFunctionDoes() {
        Compiler compiler = new Compiler(Architecture.AARCH64);
        MachineCode code = compiler.routines("tried", List.of(), r -> {
            r.enter(new Label("tried"), 1, 3);
            r.leave(0);
        }).at(0, 4096);
        assertEquals("""
                4: r31+16 {29=16, 30=8}
                8: r29+16 {29=16, 30=8}
                28: r31+0 {}
                """, rows(CallFrames.of(code, List.of(), compiler.lowering().elf().frames()).getFirst()));
    }

    /** Sections with every use of the registers, in every form of their code. */
    @ParameterizedTest
    @EnumSource
    void describesEverySectionAndRandomOnes(Architecture architecture) {
        Compiler compiler = new Compiler(architecture);
        long seed = System.nanoTime();
        List<Chain> chains = Stream.concat(Sections.all().stream(), RandomSections.of(seed, 200).stream()).toList();
        boolean saves = false;
        for (Chain chain : chains) {
            MachineCode code = compiler.compile(chain, Target.NOMINAL).checked(0, 1 << 16);
            List<CallFrames.Function> found = CallFrames.of(code, List.of(), compiler.lowering().elf().frames());
            assertEquals(1, found.size(), chain.name());
            saves |= !found.getFirst().rows().isEmpty();
        }
        assertTrue(saves, "seed=" + seed + ": none saves a register");
    }

    /** Each instruction whose text for GNU as writes the stack pointer declares a change of the stack, in all code. */
    @ParameterizedTest
    @EnumSource
    void everyInstructionThatMovesTheStackDeclaresIt(Architecture architecture) {
        String moving = "(push|pop) .*|(add|sub|and|or|xor|mov|lea|movabs|movsxd) (rsp|esp|sp)\\b.*|.*, \\[sp\\], .*"
                + "|.*\\[sp, [^\\]]*\\]!";
        Compiler compiler = new Compiler(architecture);
        int seen = 0;
        for (Chain chain : Stream.concat(Sections.all().stream(), RandomSections.of(0, 100).stream()).toList()) {
            for (CodeBuffer.Placed placed : compiler.compile(chain, Target.NOMINAL).at(0, 1 << 16).insns()) {
                boolean says = placed.insn().stack() != null;
                assertEquals(placed.insn().text().matches(moving), says, placed.insn().text());
                seen += says ? 1 : 0;
            }
        }
        assertFalse(seen == 0);
    }
}
