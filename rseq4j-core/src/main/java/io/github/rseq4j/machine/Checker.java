package io.github.rseq4j.machine;

import io.github.rseq4j.kernel.RseqCs;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Checks a placed function against the invariants I1 to I4, I6 and I7 (DESIGN.md). Only functions that pass are mapped.
 * The checker reads the bytes of the image and the effects that the encoder declares for each instruction. It is
 * independent of the architecture.
 */
public final class Checker {
    /** The largest bound of a backward branch inside a section. */
    public static final int MAX_BOUND = 1 << 20;

    private static final Set<Effect> FORBIDDEN_INSIDE = EnumSet.of(Effect.ARM, Effect.ATOMIC, Effect.STACK,
            Effect.WRITE, Effect.CALL, Effect.SYSTEM_CALL, Effect.RETURN, Effect.DATA);

    private final MachineCode code;
    private final ByteBuffer image;
    private final List<String> faults = new ArrayList<>();

    private Checker(MachineCode code) {
        this.code = code;
        this.image = ByteBuffer.wrap(code.bytes()).order(ByteOrder.LITTLE_ENDIAN);
    }

    /**
     * Checks a function.
     *
     * @param code the function
     * @return the same function
     * @throws IllegalStateException if an invariant does not hold; the message names each of these
     */
    public static MachineCode require(MachineCode code) {
        List<String> faults = faults(code);
        if (!faults.isEmpty()) {
            throw new IllegalStateException("function=" + code.name() + " is refused: " + String.join("; ", faults));
        }
        return code;
    }

    /**
     * Returns the faults of a function. Each begins with the number of the invariant.
     *
     * @param code the function
     */
    public static List<String> faults(MachineCode code) {
        Checker checker = new Checker(code);
        for (MachineCode.Range range : code.ranges()) {
            checker.descriptor(range);
            checker.abort(range);
            checker.inside(range);
            checker.order(range);
        }
        checker.outside();
        return List.copyOf(checker.faults);
    }

    private void fault(boolean isOne, String invariant, String where, String what) {
        if (isOne) {
            faults.add(invariant + " " + where + ": " + what);
        }
    }

    private void descriptor(MachineCode.Range range) {
        String name = range.name();
        int at = range.descriptor();
        if (at < 0 || at + RseqCs.BYTES > image.capacity()) {
            fault(true, "I1", name, "the descriptor lies outside of the image");
            return;
        }
        fault((code.base() + at) % RseqCs.BYTES != 0, "I1", name, "the descriptor is not 32-byte aligned");
        fault(image.getInt(at + RseqCs.VERSION) != 0, "I1", name, "version is not 0");
        fault(image.getInt(at + RseqCs.FLAGS) != 0, "I1", name, "flags are not 0");
        fault(image.getLong(at + RseqCs.START_IP) != code.base() + range.start(), "I1", name,
                "start_ip is not the start");
        fault(image.getLong(at + RseqCs.POST_COMMIT_OFFSET) != range.postCommit() - range.start(), "I1", name,
                "post_commit_offset is not the section's length");
        fault(image.getLong(at + RseqCs.ABORT_IP) != code.base() + range.abort(), "I1", name,
                "abort_ip is not the handler");
        for (CodeBuffer.Placed i : code.insns()) {
            fault(i.offset() < at + RseqCs.BYTES && i.end() > at, "I1", name, "the descriptor overlaps code");
        }
    }

    private void abort(MachineCode.Range range) {
        String name = range.name();
        int abort = range.abort();
        fault(range.contains(abort), "I2", name, "abort_ip lies inside the section");
        fault(!startsAt(abort), "I2", name, "abort_ip is not the start of an instruction");
        boolean readable = abort >= Integer.BYTES && abort <= image.capacity();
        fault(!readable || image.getInt(abort - Integer.BYTES) != code.architecture().signature(), "I2", name,
                "the signature does not stand in the 4 bytes before abort_ip");
    }

    private boolean startsAt(long offset) {
        return at(offset) != null;
    }

    private CodeBuffer.@Nullable Placed at(long offset) {
        for (CodeBuffer.Placed i : code.insns()) {
            if (i.offset() == offset) {
                return i;
            }
        }
        return null;
    }

    private void inside(MachineCode.Range range) {
        String name = range.name();
        List<CodeBuffer.Placed> insns = new ArrayList<>();
        int commits = 0;
        for (CodeBuffer.Placed i : code.insns()) {
            if (range.contains(i.offset())) {
                insns.add(i);
                commits += i.insn().effect() == Effect.COMMIT ? 1 : 0;
            }
        }
        fault(range.postCommit() <= range.start() || insns.isEmpty(), "I3", name, "the section is empty");
        if (insns.isEmpty()) {
            return;
        }
        fault(insns.getFirst().offset() != range.start() || insns.getLast().end() != range.postCommit(), "I3", name,
                "start or end of the section is not the boundary of an instruction");
        fault(insns.getLast().insn().effect() != Effect.COMMIT, "I3", name, "the last instruction is not the commit");
        fault(commits > 1, "I3", name, "there is more than one commit");
        for (CodeBuffer.Placed i : insns) {
            if (FORBIDDEN_INSIDE.contains(i.insn().effect())) {
                fault(true, "I4", name, "\"" + i.insn().text() + "\" (" + i.insn().effect() + ") inside the section");
            }
        }
    }

    private void order(MachineCode.Range range) {
        String name = range.name();
        fault(!isArmed(range), "I6", name,
                "the instructions before the section do not store its descriptor to rseq_cs");
        int stage = 0;
        Effect[] stages = {Effect.CHECK_REGISTERED, Effect.READ_INDEX, Effect.CHECK_INDEX};
        for (CodeBuffer.Placed i : code.insns()) {
            if (range.contains(i.offset())) {
                Effect effect = i.insn().effect();
                if (stage < stages.length && isBranch(i) && range.contains(i.target())) {
                    fault(true, stage == 0 ? "I6" : "I7", name,
                            "\"" + i.insn().text() + "\" continues into the section before " + stages[2]);
                }
                if (stage < stages.length && effect == stages[stage]) {
                    stage++;
                }
                boolean touches = effect == Effect.STORE || effect == Effect.COMMIT;
                if (touches && stage < stages.length) {
                    fault(true, stage == 0 ? "I6" : "I7", name,
                            "\"" + i.insn().text() + "\" comes before " + stages[stage]);
                }
            }
        }
    }

    /** Checks that the instructions before the section compute and store the address of its own descriptor. */
    private boolean isArmed(MachineCode.Range range) {
        CodeBuffer.Placed before = null;
        for (CodeBuffer.Placed i : code.insns()) {
            if (i.end() == range.start()) {
                return i.insn().effect() == Effect.ARM && before != null && before.target() == range.descriptor();
            }
            before = i;
        }
        return false;
    }

    private void outside() {
        CodeBuffer.Placed before = null;
        for (CodeBuffer.Placed i : code.insns()) {
            MachineCode.Range from = range(i.offset());
            if (from == null && (i.insn().effect() == Effect.COMMIT || i.insn().effect() == Effect.STORE)) {
                fault(true, "I3", code.name(), "\"" + i.insn().text() + "\" writes outside of every section");
            }
            if (isBranch(i)) {
                branch(i, from, before);
            }
            if (i.insn().effect() == Effect.CALL && i.target() >= 0) {
                fault(i.target() < code.entryOffset() || !startsAt(i.target()), "I4", code.name(),
                        "\"" + i.insn().text() + "\" calls no instruction");
            }
            place(i, before);
            before = i;
        }
        fault(before != null && before.insn().effect() != Effect.RETURN, "I4", code.name(),
                "the last instruction does not return");
    }

    /** Checks that the image holds the instruction, directly after the one before, and that no code runs into data. */
    private void place(CodeBuffer.Placed i, CodeBuffer.@Nullable Placed before) {
        String text = "\"" + i.insn().text() + "\"";
        fault(i.offset() < 0 || i.end() > image.capacity() || !Arrays.equals(code.bytes(), i.offset(), i.end(),
                i.bytes(), 0, i.bytes().length), "I4", code.name(), "the image does not hold " + text);
        fault(before != null && before.end() != i.offset(), "I4", code.name(),
                text + " does not follow the instruction before");
        Effect last = before == null ? Effect.COMPUTE : before.insn().effect();
        fault(i.insn().effect() == Effect.DATA && last != Effect.RETURN && last != Effect.DATA, "I2", code.name(),
                "the code before it runs into " + text);
    }

    private static boolean isBranch(CodeBuffer.Placed i) {
        Effect effect = i.insn().effect();
        return effect == Effect.BRANCH || effect == Effect.CHECK_REGISTERED || effect == Effect.CHECK_INDEX;
    }

    private void branch(CodeBuffer.Placed i, MachineCode.@Nullable Range from,
                        CodeBuffer.@Nullable Placed before) {
        String text = "\"" + i.insn().text() + "\"";
        MachineCode.Range to = range(i.target());
        // Compares descriptors: the first comparison of two records costs a fresh JVM six milliseconds.
        fault(to != null && (from == null || to.descriptor() != from.descriptor()), "I6", code.name(),
                text + " enters a section without arming it");
        fault(i.target() < code.entryOffset() || !startsAt(i.target()), "I4", code.name(),
                text + " leads to no instruction");
        CodeBuffer.Placed next = at(i.target());
        fault(next != null && next.insn().effect() == Effect.DATA, "I2", code.name(),
                text + " leads to data");
        fault(next != null && next.insn().effect() == Effect.ARM, "I6", code.name(),
                text + " skips the instruction that computes the descriptor's address");
        if (i.target() <= i.offset()) {
            fault(i.insn().bound() < 1 || i.insn().bound() > MAX_BOUND, "I4", code.name(),
                    text + " branches backward without a bound");
            fault(before == null || before.insn().effect() != Effect.COUNT, "I4", code.name(),
                    text + " branches backward, but no counter is counted before it");
        }
    }

    private MachineCode.@Nullable Range range(long offset) {
        for (MachineCode.Range range : code.ranges()) {
            if (range.contains(offset)) {
                return range;
            }
        }
        return null;
    }
}
