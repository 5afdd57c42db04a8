package io.github.rseq4j.provider;

import static io.github.rseq4j.machine.Routines.Input.addressOf;
import static io.github.rseq4j.machine.Routines.Input.constant;
import static io.github.rseq4j.machine.Routines.Input.local;

import io.github.rseq4j.ir.Width;
import io.github.rseq4j.kernel.Architecture;
import io.github.rseq4j.kernel.Errno;
import io.github.rseq4j.kernel.Linux;
import io.github.rseq4j.kernel.RseqArea;
import io.github.rseq4j.kernel.SystemCall;
import io.github.rseq4j.machine.Label;
import io.github.rseq4j.machine.Routines;

/**
 * Emits the routines of the shared-ownership protocol for the provider image. docs/protocol.md has them in pseudo-code,
 * and protocol/registration.pml as a model.
 */
final class ProviderRoutines {
    /* How it works
     *
     * Count, area and state are thread-local: only the thread and the signal handlers that run on it read or write
     * them. So nothing but a signal can intervene between the check, the count and the system call, and all signals are
     * blocked around them. The routines neither allocate nor lock nor call libc, so handlers may call them.
     *
     * Refused: an atomic increment of the count without blocking signals. A handler that runs between the increment and
     * the system call would take the thread for registered.
     */
    private static final int SIG_SETMASK = 2;
    private static final int SIGSET_BYTES = 8;

    /** The local variables of all routines; the first ones are the arguments. */
    private static final int RESULT = 4;
    private static final int SCRATCH = 5;
    private static final int EVERY_SIGNAL = 6;
    private static final int FORMER_MASK = 7;
    private static final int COUNT_AT = 8;
    private static final int COUNT = 9;
    private static final int AREA = 10;
    private static final int LENGTH = 11;
    private static final int STATE_AT = 12;
    private static final int FLAGS = 13;
    private static final int LOCALS = 14;

    final Label register = new Label("rseq4j_register");
    final Label unregister = new Label("rseq4j_unregister");
    final Label join = new Label("rseq4j_join");
    final Label leave = new Label("rseq4j_leave");
    final Label currentCpu = new Label("rseq4j_current_cpu");
    final Label mmCid = new Label("rseq4j_mm_cid");
    final Label owner = new Label("rseq4j_owner");
    final Label limit = new Label("rseq4j_limit");
    final Label offset = new Label("rseq4j_offset");
    final Label length = new Label("rseq4j_length");

    private final ProviderWords words;
    private final int signature;
    private int labels;

    ProviderRoutines(ProviderWords words, Architecture architecture) {
        this.words = words;
        this.signature = architecture.signature();
    }

    void write(Routines r) {
        register(r);
        unregister(r);
        join(r);
        leave(r);
        field(r, currentCpu, words.target.area(), RseqArea.CPU_ID);
        field(r, mmCid, words.mmCid, 0);
        writeOwner(r);
        word(r, limit, words.target.limit());
        word(r, offset, words.target.area());
        word(r, length, words.length);
    }

    void writeOwner(Routines r) {
        word(r, owner, words.owner);
    }

    private Label label(String name) {
        return new Label(name + "_" + labels++);
    }

    private void blockSignals(Routines r) {
        r.set(EVERY_SIGNAL, constant(-1));
        r.systemCall(SCRATCH, SystemCall.RT_SIGPROCMASK, constant(SIG_SETMASK), addressOf(EVERY_SIGNAL),
                addressOf(FORMER_MASK), constant(SIGSET_BYTES));
    }

    private void restoreSignals(Routines r) {
        r.systemCall(SCRATCH, SystemCall.RT_SIGPROCMASK, constant(SIG_SETMASK), addressOf(FORMER_MASK), constant(0),
                constant(SIGSET_BYTES));
    }

    private static void threadAddress(Routines r, int to, Label offset) {
        r.loadWord(to, offset);
        r.addThreadPointer(to);
    }

    /** Reads the state; leaves with ECANCELED if there is a tombstone (I10). */
    private void refuseTombstone(Routines r, Label out) {
        threadAddress(r, STATE_AT, words.state);
        r.load(SCRATCH, STATE_AT, 0, Width.INT);
        r.set(RESULT, constant(-Errno.ECANCELED));
        r.branchIf(SCRATCH, ProviderWords.TOMBSTONE, out);
    }

    /** Leaves with EOPNOTSUPP if a registration could outlast the memory of its area (I10). */
    private void refuseUnarmed(Routines r, Label out) {
        Label safe = label("safe");
        r.loadWord(SCRATCH, words.isReclaimed);
        r.branchIf(SCRATCH, 0, safe);
        threadAddress(r, COUNT_AT, words.armed);
        r.load(SCRATCH, COUNT_AT, 0, Width.INT);
        r.set(RESULT, constant(-Errno.EOPNOTSUPP));
        r.branchIf(SCRATCH, 0, out);
        r.bind(safe);
    }

    private void rseq(Routines r) {
        r.systemCall(RESULT, SystemCall.RSEQ, local(AREA), local(LENGTH), local(FLAGS),
                constant(Integer.toUnsignedLong(signature)));
    }

    /**
     * Registers or unregisters, depending on FLAGS, with the length that the constructor chose. After EINVAL it tries
     * the original length, because other parties that share the area register with that one.
     */
    private void rseqOfEitherLength(Routines r, int flagsOfOriginal) {
        Label answered = label("answered");
        threadAddress(r, AREA, words.target.area());
        r.loadWord(LENGTH, words.length);
        rseq(r);
        r.branchUnless(RESULT, -Errno.EINVAL, answered);
        r.loadWord(FLAGS, words.isFull);
        r.branchIf(FLAGS, 0, answered);
        r.set(LENGTH, constant(RseqArea.ORIGINAL_BYTES));
        r.set(FLAGS, constant(flagsOfOriginal));
        rseq(r);
        r.bind(answered);
    }

    /**
     * Hands the registration over to the remaining holders, if rseq4j holds no count itself: the last of them will
     * unregister with the original length, and would get EINVAL for another one.
     */
    private void handOver(Routines r, Label end) {
        r.loadWord(SCRATCH, words.isFull);
        r.branchIf(SCRATCH, 0, end);
        threadAddress(r, SCRATCH, words.users);
        r.load(SCRATCH, SCRATCH, 0, Width.INT);
        r.branchUnless(SCRATCH, 0, end);
        threadAddress(r, SCRATCH, words.state);
        r.load(SCRATCH, SCRATCH, 0, Width.INT);
        r.branchIf(SCRATCH, ProviderWords.JOINED, end);
        threadAddress(r, AREA, words.target.area());
        r.loadWord(LENGTH, words.length);
        r.set(FLAGS, constant(Linux.RSEQ_FLAG_UNREGISTER));
        rseq(r);
        r.set(SCRATCH, local(RESULT));
        r.set(RESULT, constant(0));
        // Another party had registered the area with the original length.
        r.branchUnless(SCRATCH, 0, end);
        r.set(LENGTH, constant(RseqArea.ORIGINAL_BYTES));
        r.set(FLAGS, constant(0));
        rseq(r);
    }

    /** Takes a count; RESULT is 0 or -errno. Signals are blocked. */
    private void acquire(Routines r) {
        Label counted = label("counted");
        Label first = label("first");
        Label store = label("store");
        Label end = label("acquired");
        r.loadWord(SCRATCH, words.isCounted);
        r.branchUnless(SCRATCH, 0, counted);
        // An area without a count is registered only by its owner.
        threadAddress(r, AREA, words.target.area());
        r.load(SCRATCH, AREA, RseqArea.CPU_ID, Width.INT);
        r.set(RESULT, constant(-Errno.ENOENT));
        r.branchIfNegative(SCRATCH, end);
        r.set(RESULT, constant(0));
        r.branch(end);
        r.bind(counted);
        threadAddress(r, COUNT_AT, words.count);
        r.load(COUNT, COUNT_AT, 0, Width.INT);
        r.branchIf(COUNT, 0, first);
        r.set(RESULT, constant(-Errno.EOVERFLOW));
        r.branchIf(COUNT, -1, end);
        r.set(RESULT, constant(0));
        r.add(COUNT, 1);
        r.branch(store);
        r.bind(first);
        r.loadWord(FLAGS, words.rseqFlags);
        rseqOfEitherLength(r, 0);
        r.set(COUNT, constant(1));
        r.branchIf(RESULT, 0, store);
        r.branchUnless(RESULT, -Errno.EBUSY, end);
        // A party that does not count has registered this area: one count stands for it, forever.
        r.set(COUNT, constant(2));
        r.set(RESULT, constant(0));
        r.bind(store);
        r.store(COUNT_AT, 0, COUNT, Width.INT);
        r.bind(end);
    }

    /** Drops a count that was taken; RESULT is 0 or -errno. Signals are blocked. */
    private void release(Routines r) {
        Label end = label("released");
        Label last = label("last");
        r.set(RESULT, constant(0));
        r.loadWord(SCRATCH, words.isCounted);
        r.branchIf(SCRATCH, 0, end);
        threadAddress(r, COUNT_AT, words.count);
        r.load(COUNT, COUNT_AT, 0, Width.INT);
        r.set(RESULT, constant(-Errno.EINVAL));
        r.branchIf(COUNT, 0, end);
        r.set(RESULT, constant(0));
        r.add(COUNT, -1);
        r.store(COUNT_AT, 0, COUNT, Width.INT);
        r.branchIf(COUNT, 0, last);
        handOver(r, end);
        r.branch(end);
        r.bind(last);
        r.set(FLAGS, constant(Linux.RSEQ_FLAG_UNREGISTER));
        rseqOfEitherLength(r, Linux.RSEQ_FLAG_UNREGISTER);
        r.bind(end);
    }

    private void register(Routines r) {
        Label out = label("out");
        r.enter(register, 0, LOCALS);
        blockSignals(r);
        refuseTombstone(r, out);
        acquire(r);
        r.branchIfNegative(RESULT, out);
        threadAddress(r, STATE_AT, words.users);
        r.load(COUNT, STATE_AT, 0, Width.INT);
        r.add(COUNT, 1);
        r.store(STATE_AT, 0, COUNT, Width.INT);
        r.bind(out);
        restoreSignals(r);
        r.leave(RESULT);
    }

    private void unregister(Routines r) {
        Label out = label("out");
        r.enter(unregister, 0, LOCALS);
        blockSignals(r);
        threadAddress(r, STATE_AT, words.users);
        r.load(COUNT, STATE_AT, 0, Width.INT);
        r.set(RESULT, constant(-Errno.EINVAL));
        r.branchIf(COUNT, 0, out);
        r.add(COUNT, -1);
        r.store(STATE_AT, 0, COUNT, Width.INT);
        release(r);
        r.bind(out);
        restoreSignals(r);
        r.leave(RESULT);
    }

    private void join(Routines r) {
        Label out = label("out");
        Label joined = label("joined");
        r.enter(join, 0, LOCALS);
        // JOINED changes only at the end of the thread, to TOMBSTONE.
        threadAddress(r, STATE_AT, words.state);
        r.load(SCRATCH, STATE_AT, 0, Width.INT);
        r.set(RESULT, constant(0));
        r.branchIf(SCRATCH, ProviderWords.JOINED, joined);
        blockSignals(r);
        refuseTombstone(r, out);
        r.set(RESULT, constant(0));
        r.branchIf(SCRATCH, ProviderWords.JOINED, out);
        refuseUnarmed(r, out);
        acquire(r);
        r.branchIfNegative(RESULT, out);
        r.set(SCRATCH, constant(ProviderWords.JOINED));
        r.store(STATE_AT, 0, SCRATCH, Width.INT);
        r.bind(out);
        restoreSignals(r);
        r.bind(joined);
        r.leave(RESULT);
    }

    private void leave(Routines r) {
        Label out = label("out");
        r.enter(leave, 0, LOCALS);
        blockSignals(r);
        threadAddress(r, STATE_AT, words.state);
        r.load(SCRATCH, STATE_AT, 0, Width.INT);
        // The tombstone first, then the count (I10).
        r.set(COUNT, constant(ProviderWords.TOMBSTONE));
        r.store(STATE_AT, 0, COUNT, Width.INT);
        r.set(RESULT, constant(0));
        r.branchUnless(SCRATCH, ProviderWords.JOINED, out);
        release(r);
        r.bind(out);
        restoreSignals(r);
        r.leave(RESULT);
    }

    /**
     * Emits a function that returns a field of the area. The word holds its offset, 0 if the kernel lacks the field.
     */
    private void field(Routines r, Label function, Label offset, int plus) {
        Label none = label("none");
        Label out = label("out");
        r.enter(function, 0, LOCALS);
        threadAddress(r, AREA, words.target.area());
        r.load(RESULT, AREA, RseqArea.CPU_ID, Width.INT);
        r.branchIfNegative(RESULT, out);
        r.loadWord(AREA, offset);
        r.branchIf(AREA, 0, none);
        r.addThreadPointer(AREA);
        r.load(RESULT, AREA, plus, Width.INT);
        r.branch(out);
        r.bind(none);
        r.set(RESULT, constant(-Errno.ENOSYS));
        r.bind(out);
        r.leave(RESULT);
    }

    private static void word(Routines r, Label function, Label word) {
        r.enter(function, 0, LOCALS);
        r.loadWord(RESULT, word);
        r.leave(RESULT);
    }
}
