package io.github.rseq4j.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.kernel.Architecture;
import io.github.rseq4j.kernel.RseqCs;
import io.github.rseq4j.sections.LoadAddStore;
import io.github.rseq4j.sections.Sections;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The checker accepts the compiler's output, and refuses every way of breaking an invariant. */
final class CheckerTest {
    private static final long BASE = 0x10_0000;

    private static MachineCode good() {
        return new Compiler(Architecture.X64).compile(LoadAddStore.ONE, Target.NOMINAL).at(BASE, BASE + 0x1000);
    }

    private static MachineCode bytes(Consumer<ByteBuffer> change) {
        MachineCode code = good();
        byte[] bytes = code.bytes().clone();
        change.accept(ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN));
        return new MachineCode(code.name(), code.architecture(), code.base(), bytes, code.dataAddress(),
                code.entryOffset(), code.insns(), code.labels(), code.ranges());
    }

    private static MachineCode base(long base) {
        MachineCode code = good();
        ByteBuffer image = ByteBuffer.wrap(code.bytes().clone()).order(ByteOrder.LITTLE_ENDIAN);
        image.putLong(RseqCs.START_IP, base + code.ranges().getFirst().start());
        image.putLong(RseqCs.ABORT_IP, base + code.ranges().getFirst().abort());
        return new MachineCode(code.name(), code.architecture(), base, image.array(), code.dataAddress(),
                code.entryOffset(), code.insns(), code.labels(), code.ranges());
    }

    /** Changes the section's bounds, and its descriptor with them, so that only the rule in question is broken. */
    private static MachineCode range(UnaryOperator<MachineCode.Range> change) {
        MachineCode code = good();
        MachineCode.Range range = change.apply(code.ranges().getFirst());
        ByteBuffer image = ByteBuffer.wrap(code.bytes().clone()).order(ByteOrder.LITTLE_ENDIAN);
        if (range.descriptor() == 0) {
            image.putLong(RseqCs.START_IP, code.base() + range.start());
            image.putLong(RseqCs.POST_COMMIT_OFFSET, range.postCommit() - range.start());
            image.putLong(RseqCs.ABORT_IP, code.base() + range.abort());
        }
        return new MachineCode(code.name(), code.architecture(), code.base(), image.array(), code.dataAddress(),
                code.entryOffset(), code.insns(), code.labels(), List.of(range));
    }

    private static MachineCode insns(Consumer<List<CodeBuffer.Placed>> change) {
        MachineCode code = good();
        List<CodeBuffer.Placed> insns = new ArrayList<>(code.insns());
        change.accept(insns);
        return new MachineCode(code.name(), code.architecture(), code.base(), code.bytes(), code.dataAddress(),
                code.entryOffset(), insns, code.labels(), code.ranges());
    }

    /** Gives the first instruction of an effect another effect. */
    private static MachineCode effect(Effect from, Effect to) {
        return insns(insns -> {
            int i = find(insns, from);
            CodeBuffer.Placed old = insns.get(i);
            insns.set(i, new CodeBuffer.Placed(old.offset(), old.insn().with(to), old.bytes(), old.target()));
        });
    }

    private static int find(List<CodeBuffer.Placed> insns, Effect effect) {
        for (int i = 0; i < insns.size(); i++) {
            if (insns.get(i).insn().effect() == effect) {
                return i;
            }
        }
        throw new AssertionError(effect);
    }

    private static MachineCode branchTo(Effect branch, long target, int bound) {
        return insns(insns -> {
            int i = find(insns, branch);
            CodeBuffer.Placed old = insns.get(i);
            insns.set(i, new CodeBuffer.Placed(old.offset(), old.insn().bounded(bound), old.bytes(), target));
        });
    }

    private static MachineCode swapped(Effect one, Effect other) {
        return insns(insns -> {
            int i = find(insns, one);
            int k = find(insns, other);
            CodeBuffer.Placed a = insns.get(i);
            CodeBuffer.Placed b = insns.get(k);
            insns.set(i, new CodeBuffer.Placed(a.offset(), a.insn().with(other), a.bytes(), a.target()));
            insns.set(k, new CodeBuffer.Placed(b.offset(), b.insn().with(one), b.bytes(), b.target()));
        });
    }

    private static Arguments row(String invariant, String what, MachineCode broken) {
        return Arguments.of(invariant, what, broken);
    }

    static Stream<Arguments> broken() {
        MachineCode.Range r = good().ranges().getFirst();
        int second = good().insns().stream().filter(i -> i.offset() > r.start()).findFirst().orElseThrow().offset();
        return Stream.of(
                row("I1", "32-byte aligned", base(BASE + 16)),
                row("I1", "version is not 0", bytes(b -> b.putInt(RseqCs.VERSION, 1))),
                row("I1", "flags are not 0", bytes(b -> b.putInt(RseqCs.FLAGS, 1))),
                row("I1", "start_ip", bytes(b -> b.putLong(RseqCs.START_IP, BASE + r.start() + 1))),
                row("I1", "post_commit_offset",
                        bytes(b -> b.putLong(RseqCs.POST_COMMIT_OFFSET, r.postCommit() - r.start() + 1L))),
                row("I1", "abort_ip is not the handler", bytes(b -> b.putLong(RseqCs.ABORT_IP, BASE))),
                row("I1", "outside of the image",
                        range(x -> new MachineCode.Range(x.name(), 4096, x.start(), x.postCommit(), x.abort()))),
                row("I1", "overlaps code",
                        range(x -> new MachineCode.Range(x.name(), 32, x.start(), x.postCommit(), x.abort()))),
                row("I2", "inside the section",
                        range(x -> new MachineCode.Range(x.name(), 0, x.start(), x.postCommit(), second))),
                row("I2", "not the start of an instruction",
                        range(x -> new MachineCode.Range(x.name(), 0, x.start(), x.postCommit(), x.abort() + 1))),
                row("I2", "signature", bytes(b -> b.put(r.abort() - 1, (byte) 0))),
                row("I3", "empty", range(x -> new MachineCode.Range(x.name(), 0, x.start(), x.start(), x.abort()))),
                row("I3", "boundary of an instruction",
                        range(x -> new MachineCode.Range(x.name(), 0, x.start() + 1, x.postCommit(), x.abort()))),
                row("I3", "last instruction is not the commit",
                        range(x -> new MachineCode.Range(x.name(), 0, x.start(), x.postCommit() + 2, x.abort()))),
                row("I3", "last instruction is not the commit", effect(Effect.COMMIT, Effect.STORE)),
                row("I3", "more than one commit", effect(Effect.READ, Effect.COMMIT)),
                row("I3", "writes outside", effect(Effect.RETURN, Effect.COMMIT)),
                row("I3", "writes outside", effect(Effect.RETURN, Effect.STORE)),
                row("I4", "no instruction", branchTo(Effect.CHECK_INDEX, r.abort() + 1L, 0)),
                row("I4", "no instruction", branchTo(Effect.CHECK_INDEX, 5, 1)),
                row("I4", "without a bound", branchTo(Effect.BRANCH, good().entryOffset(), 0)),
                row("I4", "without a bound", branchTo(Effect.BRANCH, good().entryOffset(), Checker.MAX_BOUND + 1)),
                row("I4", "calls no instruction", insns(insns -> {
                    int i = find(insns, Effect.RETURN);
                    CodeBuffer.Placed old = insns.get(i);
                    insns.set(i, new CodeBuffer.Placed(old.offset(), old.insn().with(Effect.CALL), old.bytes(),
                            r.abort() + 1L));
                })),
                row("I4", "no counter", effect(Effect.COUNT, Effect.COMPUTE)),
                row("I6", "do not store its descriptor", effect(Effect.ARM, Effect.COMPUTE)),
                row("I6", "do not store its descriptor", insns(insns -> {
                    int i = find(insns, Effect.ARM) - 1;
                    CodeBuffer.Placed lea = insns.get(i);
                    insns.set(i, new CodeBuffer.Placed(lea.offset(), lea.insn(), lea.bytes(), 32));
                })),
                row("I6", "CHECK_REGISTERED", effect(Effect.CHECK_REGISTERED, Effect.BRANCH)),
                row("I7", "READ_INDEX", effect(Effect.READ_INDEX, Effect.READ)),
                row("I7", "CHECK_INDEX", effect(Effect.CHECK_INDEX, Effect.BRANCH)),
                row("I7", "CHECK_INDEX", swapped(Effect.READ_INDEX, Effect.CHECK_INDEX)),
                row("I6", "enters a section", branchTo(Effect.BRANCH, second, 1)),
                row("I6", "enters a section", branchTo(Effect.BRANCH, r.start(), 1)));
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("broken")
    void refusesABrokenInvariant(String invariant, String what, MachineCode code) {
        List<String> faults = Checker.faults(code);
        assertTrue(faults.stream().anyMatch(fault -> fault.startsWith(invariant + " ") && fault.contains(what)),
                "expected \"" + invariant + " ... " + what + "\" among " + faults);
        String message = assertThrows(IllegalStateException.class, () -> Checker.require(code)).getMessage();
        assertTrue(String.valueOf(message).contains("function=" + code.name()), message);
    }

    /** The effects that are forbidden inside a section (I4). */
    @ParameterizedTest
    @EnumSource(names = {"ARM", "ATOMIC", "STACK", "WRITE", "CALL", "SYSTEM_CALL", "RETURN", "DATA"})
    void refusesAForbiddenEffectInsideASection(Effect forbidden) {
        List<String> faults = Checker.faults(effect(Effect.READ, forbidden));
        assertTrue(faults.stream().anyMatch(f -> f.startsWith("I4 ") && f.contains("(" + forbidden + ") inside")),
                faults.toString());
    }

    @Test
    void refusedCodeIsNotMapped() {
        Assembled assembled = new Compiler(Architecture.X64).compile(LoadAddStore.ONE, Target.NOMINAL);
        assertThrows(IllegalArgumentException.class, () -> assembled.checked(BASE + 32, BASE));
        CodeBuffer buffer = new CodeBuffer();
        buffer.emit(Insn.of("nop", new byte[] {(byte) 0x90}).with(Effect.COMMIT));
        Assembled stray = new Assembled("stray", Architecture.X64, buffer, List.of(), List.of());
        CodeMemory memory = new CodeMemory(new Compiler(Architecture.X64));
        assertThrows(IllegalStateException.class, () -> stray.checked(BASE, BASE));
        assertEquals(0, memory.mappedBytes());
    }
}
