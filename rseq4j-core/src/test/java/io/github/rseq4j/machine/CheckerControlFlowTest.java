package io.github.rseq4j.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.kernel.Architecture;
import io.github.rseq4j.kernel.RseqCs;
import io.github.rseq4j.sections.LoadAddStore;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * No path through a function bypasses a check: the checker follows the control flow, not only the order of
 * instructions.
 */
final class CheckerControlFlowTest {
    private static final int SIZE_BYTES = 4;

    /** A function of instructions of four bytes each, with one section. */
    private static final class Function {
        private final List<CodeBuffer.Placed> insns = new ArrayList<>();
        private final byte[] image = new byte[1024];
        private int at = RseqCs.BYTES;
        private int start;
        private int postCommit;
        private int abort;

        int next() {
            return at;
        }

        void add(Effect effect, long target, int bound) {
            byte[] bytes = {(byte) effect.ordinal(), 0, 0, 0};
            if (effect == Effect.DATA) {
                ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putInt(Architecture.X64.signature());
            }
            Insn insn = Insn.of(effect + " " + insns.size(), bytes).with(effect).bounded(bound);
            insns.add(new CodeBuffer.Placed(at, insn, bytes, target));
            System.arraycopy(bytes, 0, image, at, SIZE_BYTES);
            at += SIZE_BYTES;
        }

        List<String> faults() {
            ByteBuffer.wrap(image).order(ByteOrder.LITTLE_ENDIAN).putInt(0).putInt(0).putLong(start)
                    .putLong(postCommit - start).putLong(abort);
            MachineCode.Range range = new MachineCode.Range("tried", 0, start, postCommit, abort);
            return Checker.faults(new MachineCode("tried", Architecture.X64, 0, image, 4096, RseqCs.BYTES, insns,
                    Map.of(), List.of(range)));
        }
    }

    /** The offsets in the test's function. */
    private static final int ARM = 36;
    private static final int REGISTERED = 40;
    private static final int BETWEEN = 44;
    private static final int READ_INDEX = 48;
    private static final int CHECK_INDEX = 52;
    private static final int STEP = 56;
    private static final int COMMIT = 64;
    private static final int POST_COMMIT = 68;
    private static final int SIGNATURE = 72;
    private static final int ABORT = 76;
    private static final int LEAVE = 84;

    /**
     * Returns the faults of the smallest function that passes, with the instruction at an offset replaced.
     *
     * @param changed the offset, or 0
     */
    private static List<String> faults(int changed, Effect effect, long target, int bound) {
        Object[][] rows = {{Effect.COMPUTE, 0L, 0}, {Effect.ARM, -1L, 0}, {Effect.CHECK_REGISTERED, (long) LEAVE, 0},
            {Effect.COMPUTE, -1L, 0}, {Effect.READ_INDEX, -1L, 0}, {Effect.CHECK_INDEX, (long) LEAVE, 0},
            {Effect.READ, -1L, 0},
            {Effect.COUNT, -1L, 0}, {Effect.COMMIT, -1L, 0}, {Effect.RETURN, -1L, 0}, {Effect.DATA, -1L, 0},
            {Effect.COUNT, -1L, 0}, {Effect.BRANCH, (long) RseqCs.BYTES, 64}, {Effect.RETURN, -1L, 0}};
        Function f = new Function();
        for (Object[] row : rows) {
            if (f.next() == changed) {
                f.add(effect, target, bound);
            } else {
                f.add((Effect) row[0], (Long) row[1], (Integer) row[2]);
            }
        }
        f.start = REGISTERED;
        f.postCommit = POST_COMMIT;
        f.abort = ABORT;
        return f.faults();
    }

    @Test
    void acceptsTheSmallestFunction() {
        assertEquals(List.of(), faults(0, Effect.COMPUTE, -1, 0));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, Checker.MAX_BOUND})
    void acceptsTheBoundsOfALoop(int bound) {
        assertEquals(List.of(), faults(ABORT + SIZE_BYTES, Effect.BRANCH, RseqCs.BYTES, bound));
    }

    @ParameterizedTest
    @ValueSource(ints = {Integer.MIN_VALUE, -1, 0, Checker.MAX_BOUND + 1})
    void refusesALoopBeyondItsBounds(int bound) {
        assertRefused("I4", faults(ABORT + SIZE_BYTES, Effect.BRANCH, RseqCs.BYTES, bound));
    }

    private static Arguments row(String invariant, String what, int at, Effect effect, long target) {
        return Arguments.of(invariant, what, faults(at, effect, target, 1));
    }

    static Stream<Arguments> order() {
        return Stream.of(
                row("I6", "a store before the registration check", REGISTERED, Effect.STORE, -1),
                row("I6", "no registration check", REGISTERED, Effect.BRANCH, LEAVE),
                row("I7", "no index", READ_INDEX, Effect.READ, -1),
                row("I7", "no check of the index", CHECK_INDEX, Effect.BRANCH, LEAVE),
                row("I7", "a store before the index is checked", CHECK_INDEX, Effect.STORE, -1),
                row("I6", "not armed", ARM, Effect.COMPUTE, -1),
                row("I6", "armed with no descriptor", RseqCs.BYTES, Effect.COMPUTE, 64),
                row("I6", "enters the section from the code after it", POST_COMMIT, Effect.BRANCH, STEP),
                row("I6", "enters the section at its start", POST_COMMIT, Effect.BRANCH, REGISTERED),
                row("I6", "enters the section at its commit", LEAVE, Effect.BRANCH, COMMIT),
                row("I3", "a commit that is a store", COMMIT, Effect.STORE, -1),
                row("I3", "a second commit", STEP, Effect.COMMIT, -1),
                row("I3", "a store after the section", POST_COMMIT, Effect.STORE, -1),
                row("I3", "a commit before the section", RseqCs.BYTES, Effect.COMMIT, 0),
                row("I4", "leads into an instruction", STEP, Effect.BRANCH, LEAVE + 1),
                row("I4", "leads beyond the function", STEP, Effect.BRANCH, LEAVE + SIZE_BYTES),
                row("I4", "leads to the descriptor", POST_COMMIT, Effect.BRANCH, 0),
                row("I4", "goes back without counting", STEP + SIZE_BYTES, Effect.BRANCH, STEP),
                row("I4", "is its own target", STEP, Effect.BRANCH, STEP));
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("order")
    void refusesABrokenInvariant(String invariant, String what, List<String> faults) {
        assertRefused(invariant, faults);
    }

    /** Each of these functions has every check in its place, and a path that bypasses one. */
    static Stream<Arguments> bypasses() {
        return Stream.of(
                row("I6", "the registration check leads on into the section", REGISTERED, Effect.CHECK_REGISTERED,
                        STEP),
                row("I7", "the index check leads on into the section", CHECK_INDEX, Effect.CHECK_INDEX, COMMIT),
                row("I7", "a branch before the index check leads past it", BETWEEN, Effect.BRANCH,
                        STEP),
                row("I6", "a branch leads to the instruction that arms, past the one that makes the address",
                        ABORT + SIZE_BYTES, Effect.BRANCH, ARM),
                row("I2", "a branch leads to the signature", STEP, Effect.BRANCH, SIGNATURE),
                row("I2", "the code before the signature runs into it", POST_COMMIT, Effect.COMPUTE, -1),
                row("I4", "the function has no end", LEAVE, Effect.COMPUTE, -1));
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("bypasses")
    void refusesAPathAroundACheck(String invariant, String what, List<String> faults) {
        assertRefused(invariant, faults);
    }

    private static void assertRefused(String invariant, List<String> faults) {
        assertTrue(faults.stream().anyMatch(fault -> fault.startsWith(invariant + " ")),
                "expected " + invariant + " among " + faults);
    }

    /**
     * The checker judges the encoder's description of an instruction, so the image must hold exactly that instruction.
     */
    @Test
    void refusesAnImageWhoseBytesDifferFromTheInstructions() {
        MachineCode good = new Compiler(Architecture.X64).compile(LoadAddStore.ONE, Target.NOMINAL).at(0, 4096);
        for (CodeBuffer.Placed insn : good.insns()) {
            byte[] bytes = good.bytes().clone();
            bytes[insn.offset()] ^= 1;
            List<String> faults = Checker.faults(new MachineCode(good.name(), good.architecture(), 0, bytes, 4096,
                    good.entryOffset(), good.insns(), good.labels(), good.ranges()));
            assertTrue(!faults.isEmpty(), "another byte at the start of \"" + insn.insn().text() + "\" is refused");
        }
    }

    /**
     * In a chain each section is armed and checked on its own: the checks of the section before do not count for it.
     */
    @ParameterizedTest
    @ValueSource(strings = {"ARM", "CHECK_REGISTERED", "READ_INDEX", "CHECK_INDEX", "COMMIT"})
    void everySectionOfAChainIsChecked(String name) {
        Effect effect = Effect.valueOf(name);
        MachineCode good = new Compiler(Architecture.X64).compile(LoadAddStore.EIGHT, Target.NOMINAL).at(0, 4096);
        int broken = 0;
        for (int i = 0; i < good.insns().size(); i++) {
            CodeBuffer.Placed insn = good.insns().get(i);
            if (insn.insn().effect() == effect) {
                List<CodeBuffer.Placed> insns = new ArrayList<>(good.insns());
                insns.set(i, new CodeBuffer.Placed(insn.offset(), insn.insn().with(Effect.COMPUTE), insn.bytes(),
                        insn.target()));
                List<String> faults = Checker.faults(new MachineCode(good.name(), good.architecture(), 0, good.bytes(),
                        4096, good.entryOffset(), insns, good.labels(), good.ranges()));
                assertTrue(!faults.isEmpty(), name + " " + broken + " is missed");
                broken++;
            }
        }
        assertEquals(Chain.MAX_SECTIONS, broken);
    }
}
