package io.github.rseq4j.proof;

import io.github.rseq4j.interpreter.AddressSpace;
import io.github.rseq4j.interpreter.Interpreter;
import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.ir.Section;
import io.github.rseq4j.ir.Status;
import io.github.rseq4j.kernel.Native;
import io.github.rseq4j.kernel.RawMemory;
import io.github.rseq4j.machine.Target;
import java.lang.invoke.MethodHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/** A scenario of the abort proof: memory and arguments that are made up from a seed, and the outcome of a call. */
final class ProofRun {
    /* How it works
     *
     * A window is a part of memory that the chain may access. The contents of the windows are made up once, and each
     * call begins with them. After the call the interpreter runs the chain on the same contents, at every index. The
     * memory must equal the outcome of one of these runs, and the words that the others commit must be unchanged. A
     * thread may move between two sections of a chain, so runs that change the index there, once or twice, are tried as
     * well. A word that differs between two simulated clocks holds a timestamp; it only has to be written.
     *
     * When places overlap, a word of another kind may be used as an address. So the interpreter runs the chain first. A
     * scenario that leads out of the windows, or to other addresses with another clock, is not called. If a section
     * stores to a place that it has read, the interpreter also aborts it; if that leads out of the windows, the proof
     * fails, because a call would damage memory of the process.
     *
     * A place without a slot may overlap one index's copy. A section that is aborted at another index, and moves to
     * this one, may change that copy through such a place. It breaks I9 there, not the rule about restarts. A thread
     * rarely moves at a breakpoint, so such a call is repeated.
     */
    private static final long CLOCK_A = 0x1111_1111_1111_1111L;
    /** Differs from the other clock in each bit, so that each word that depends on the clock differs. */
    private static final long CLOCK_B = ~CLOCK_A & Long.MAX_VALUE;
    private static final int MOST_ABORTS = 2;
    private static final Abort NEVER = new Abort(-1, -1, 0);

    private final Chain chain;
    private final Target target;
    private final long area;
    private final long plain;
    private final long seed;
    private final boolean isOverlapping;
    private final boolean reachesCopy;
    private final long[] arguments;
    private final Window copy;
    private final Window other;
    private final Outcome[] @Nullable [] undisturbed;
    private @Nullable Set<Long> everyCommit;

    /**
     * An abort in a simulated run.
     *
     * @param section the section that is aborted
     * @param step the step before which it is aborted
     * @param times the number of aborts
     */
    private record Abort(int section, int step, int times) {}

    /** The content of a part of memory before a call. */
    private static final class Window implements AddressSpace {
        private final long base;
        private final byte[] bytes;
        private final ByteBuffer words;

        Window(long base, int lengthBytes) {
            this.base = base;
            this.bytes = new byte[lengthBytes];
            this.words = ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder());
        }

        boolean has(long address) {
            return address >= base && address < base + bytes.length;
        }

        @Override
        public long getLong(long address) {
            return words.getLong((int) (address - base));
        }

        @Override
        public void putLong(long address, long value) {
            words.putLong((int) (address - base), value);
        }
    }

    ProofRun(Chain chain, Target target, Scenario scenario, long area, long plain, long seed) {
        this.chain = chain;
        this.target = target;
        this.area = area;
        this.plain = plain;
        this.seed = seed;
        if (scenario.windowBytes() > 1 << target.strideShift() - 1) {
            throw new IllegalArgumentException("chain=" + chain.name() + " touches windowBytes="
                    + scenario.windowBytes() + ", more than half a stride");
        }
        this.arguments = scenario.arguments(new SplittableRandom(seed));
        this.isOverlapping = scenario.isOverlapping();
        this.reachesCopy = scenario.reachesCopy();
        this.copy = new Window(area, scenario.windowBytes());
        this.other = new Window(plain, scenario.windowBytes());
        scenario.fill(other, plain, new SplittableRandom(seed + 1));
        scenario.fill(copy, area, new SplittableRandom(seed + 2));
        this.undisturbed = new Outcome[target.limit()][];
    }

    long seed() {
        return seed;
    }

    boolean isOverlapping() {
        return isOverlapping;
    }

    /** Tells whether a place without a slot reaches one index's copy. */
    boolean reachesCopy() {
        return reachesCopy;
    }

    /**
     * Returns a description of the access by which an undisturbed call leads out of the windows, at any index; empty if
     * there is none.
     *
     * @param index the index that is tried first
     */
    String wayOut(int index) {
        try {
            for (int i = 0; i < target.limit(); i++) {
                Outcome[] _ = undisturbed((index + i) % target.limit());
            }
            return "";
        } catch (IndexOutOfBoundsException e) {
            return String.valueOf(e.getMessage());
        }
    }

    /**
     * Tells whether the addresses that a call accesses depend on the clock.
     *
     * @param index the index it runs at
     */
    boolean isByClock(int index) {
        return !undisturbed(index)[0].touched.equals(undisturbed(index)[1].touched);
    }

    /**
     * Tells whether a section stores, before its commit, to a place that it has read or will commit. Its restart may
     * then differ from the first run.
     *
     * @param index the index it runs at
     */
    boolean isStoredToWhatIsRead(int index) {
        return undisturbed(index)[0].storesToWhatIsRead;
    }

    /**
     * Simulates aborts at each step, and tells whether one is seen.
     *
     * @param index the index
     * @param where the beginning of the message
     * @throws IllegalStateException when an aborted run leads out of the windows
     */
    boolean isAbortSeen(int index, String where) {
        boolean isSeen = false;
        for (int k = 0; k < chain.sections().size(); k++) {
            for (int i = 0; i < chain.sections().get(k).steps().size(); i++) {
                for (int times = 1; times <= MOST_ABORTS; times++) {
                    try {
                        Outcome aborted = simulate(uniform(index), CLOCK_A, new Abort(k, i, times));
                        isSeen |= !aborted.isSame(undisturbed(index)[0]);
                    } catch (IndexOutOfBoundsException e) {
                        throw new IllegalStateException(where + ": the operation did not happen exactly once, for"
                                + " the restart after an abort before section " + k + " step " + i + " ("
                                + chain.sections().get(k).steps().get(i) + ") leads elsewhere: " + e.getMessage(), e);
                    }
                }
            }
        }
        return isSeen;
    }

    /** Fills the memory. */
    void begin() {
        RawMemory.put(plain, other.bytes);
        for (int index = 0; index < target.limit(); index++) {
            RawMemory.put(area + ((long) index << target.strideShift()), copy.bytes);
        }
    }

    long call(MethodHandle function) {
        try {
            return (long) function.invokeWithArguments(Arrays.stream(arguments).boxed().toArray());
        } catch (Throwable t) {
            throw Native.rethrown(t);
        }
    }

    /**
     * Requires that the committed words are as the first sections leave them, and that the next one has not committed.
     *
     * @param committed the number of sections that have committed
     * @param where the beginning of the message
     */
    void requireCommitted(int committed, String where) {
        boolean holds = false;
        for (int index = 0; index < target.limit() && !holds; index++) {
            holds = isCommitted(uniform(index), committed);
        }
        holds = holds || walks().stream().anyMatch(indices -> isCommitted(indices, committed));
        AbortProof.require(holds, where, "an aborted section has committed, sections committed before it=" + committed);
    }

    private boolean isCommitted(int[] indices, int committed) {
        int[] first = Arrays.copyOf(indices, committed);
        Outcome outcome = simulate(first, CLOCK_A, NEVER);
        Outcome otherClock = simulate(first, CLOCK_B, NEVER);
        // A store of the aborted section remains, and another section may commit to the same word.
        Set<Long> stored = new HashSet<>();
        for (int index = 0; index < target.limit(); index++) {
            int[] further = Arrays.copyOf(indices, committed + 1);
            further[committed] = index;
            stored.addAll(simulate(further, CLOCK_A, NEVER).stored);
        }
        return everyCommit().stream().allMatch(address -> stored.contains(address)
                || outcome.getLong(address) != otherClock.getLong(address)
                || RawMemory.getLong(address) == outcome.getLong(address));
    }

    /**
     * Returns an index at which an undisturbed run has the same memory and the same status, or -1. If the sections ran
     * at several indices it is the one that is tried first.
     *
     * @param status the status that the call returned
     * @param index the index that is tried first
     */
    int indexOf(long status, int index) {
        for (int i = 0; i < target.limit(); i++) {
            int at = (index + i) % target.limit();
            if (difference(undisturbed(at), status).isEmpty()) {
                return at;
            }
        }
        return walks().stream().anyMatch(indices -> difference(new Outcome[] {simulate(indices, CLOCK_A, NEVER),
            simulate(indices, CLOCK_B, NEVER)}, status).isEmpty()) ? index : -1;
    }

    /**
     * Returns a description of the differences from all undisturbed runs.
     *
     * @param status the status that the call returned
     */
    String differences(long status) {
        List<String> tried = new ArrayList<>();
        for (int index = 0; index < target.limit(); index++) {
            tried.add(Arrays.toString(uniform(index)) + ": " + difference(undisturbed(index), status));
        }
        return "the operation did not happen exactly once, arguments=" + Arrays.toString(arguments)
                + ", by indices of the sections " + tried;
    }

    private String difference(Outcome[] byClock, long status) {
        return byClock[0].difference(byClock[1], status);
    }

    /** Returns the outcomes of undisturbed runs at one index, one for each clock. */
    private Outcome[] undisturbed(int index) {
        Outcome @Nullable [] known = undisturbed[index];
        if (known == null) {
            known = new Outcome[] {simulate(uniform(index), CLOCK_A, NEVER), simulate(uniform(index), CLOCK_B, NEVER)};
            undisturbed[index] = known;
        }
        return known;
    }

    private Set<Long> everyCommit() {
        Set<Long> known = everyCommit;
        if (known == null) {
            known = new HashSet<>();
            for (int index = 0; index < target.limit(); index++) {
                known.addAll(undisturbed(index)[0].commits);
            }
            everyCommit = known;
        }
        return known;
    }

    private int[] uniform(int index) {
        int[] indices = new int[chain.sections().size()];
        Arrays.fill(indices, index);
        return indices;
    }

    /**
     * Returns the indices at which the sections may have run when the thread moved between two of them, once or twice.
     */
    private List<int[]> walks() {
        List<int[]> walks = new ArrayList<>();
        int sections = chain.sections().size();
        for (int from = 1; from < sections; from++) {
            for (int to = from + 1; to <= sections; to++) {
                for (int outside = 0; outside < target.limit(); outside++) {
                    for (int inside = 0; inside < target.limit(); inside++) {
                        int[] indices = uniform(outside);
                        Arrays.fill(indices, from, to, inside);
                        walks.add(indices);
                    }
                }
            }
        }
        return walks;
    }

    private Outcome simulate(int[] indices, long clock, Abort abort) {
        Outcome outcome = new Outcome();
        Interpreter interpreter = new Interpreter(outcome, target.strideShift(), () -> clock);
        int[] aborts = new int[1];
        for (int k = 0; k < indices.length; k++) {
            int number = k;
            Section section = chain.sections().get(k);
            Chain one = new Chain(chain.name(), chain.arguments(), MOST_ABORTS, List.of(section));
            outcome.begin();
            outcome.status = interpreter.run(one, 0, arguments, indices[k],
                    (_, step, _) -> {
                        if (number == abort.section && step == abort.step && aborts[0] < abort.times) {
                            aborts[0]++;
                            outcome.begin();
                            return indices[number];
                        }
                        outcome.isCommitting = step == section.steps().size() - 1;
                        return Interpreter.Interruption.CONTINUE;
                    });
            if (outcome.status < 0) {
                outcome.status = Status.failure(Status.code(outcome.status), k);
                break;
            }
        }
        return outcome;
    }

    private long before(long address) {
        long offset = address - area;
        if (other.has(address)) {
            return other.getLong(address);
        }
        long inCopy = area + (offset & (1L << target.strideShift()) - 1);
        if (offset < 0 || offset >>> target.strideShift() >= target.limit() || !copy.has(inCopy)) {
            throw new IndexOutOfBoundsException("address=" + address + " is outside of the windows");
        }
        return copy.getLong(inCopy);
    }

    private boolean isAsItWas(long address) {
        return RawMemory.getLong(address) == before(address);
    }

    /** The outcome of a simulated run: an overlay of the made-up memory. */
    private final class Outcome implements AddressSpace {
        private final Map<Long, Long> overlay = new HashMap<>();
        private final Set<Long> commits = new HashSet<>();
        /** The bytes that the last section has read, and those that it has stored before its commit. */
        private final Set<Long> read = new HashSet<>();
        private final Set<Long> stored = new HashSet<>();
        /** All addresses, in the order of the accesses. */
        private final List<Long> touched = new ArrayList<>();
        private boolean storesToWhatIsRead;
        private boolean isCommitting;
        private long status;

        /** Begins a section. */
        void begin() {
            read.clear();
            stored.clear();
        }

        private long word(long address) {
            Long value = overlay.get(address);
            return value == null ? before(address) : value;
        }

        /** Notes an access. It refuses one that is outside of the windows or not aligned, so no code executes it. */
        private void touch(long address, int bytes) {
            if (address % bytes != 0) {
                throw new IndexOutOfBoundsException("address=" + address + " is no multiple of bytes=" + bytes);
            }
            long _ = before(address & -Long.BYTES);
            touched.add(address);
        }

        @Override
        public long getLong(long address) {
            touch(address, Long.BYTES);
            read.add(address);
            storesToWhatIsRead |= isCommitting && stored.contains(address);
            return word(address);
        }

        @Override
        public int getInt(long address) {
            touch(address, Integer.BYTES);
            return AddressSpace.super.getInt(address);
        }

        @Override
        public void putInt(long address, int value) {
            touch(address, Integer.BYTES);
            put(address, Integer.toUnsignedLong(value), 0xFFFF_FFFFL);
        }

        @Override
        public void putByte(long address, byte value) {
            touch(address, Byte.BYTES);
            put(address, Byte.toUnsignedLong(value), 0xFF);
        }

        @Override
        public void putLong(long address, long value) {
            touch(address, Long.BYTES);
            put(address, value, -1);
        }

        private void put(long address, long value, long mask) {
            long at = address & -Long.BYTES;
            int shift = (int) (address - at) * Byte.SIZE;
            overlay.put(at, word(at) & ~(mask << shift) | value << shift);
            if (isCommitting) {
                commits.add(at);
                storesToWhatIsRead |= stored.contains(at);
            } else {
                stored.add(at);
                storesToWhatIsRead |= read.contains(at);
            }
        }

        /** Tells whether another run has the same status, and the same content in all words that it has written. */
        boolean isSame(Outcome expected) {
            return status == expected.status && commits.equals(expected.commits)
                    && expected.overlay.entrySet().stream().allMatch(word -> word(word.getKey()) == word.getValue())
                    && commits.stream().allMatch(address -> word(address) == expected.word(address));
        }

        /** Returns a description of the differences from this run; a run with another clock shows the timestamps. */
        String difference(Outcome otherClock, long actual) {
            boolean isTime = status != otherClock.status;
            if (actual != status && !isTime) {
                return "status " + Status.describe(actual) + ", not " + Status.describe(status);
            }
            for (Map.Entry<Long, Long> word : overlay.entrySet()) {
                long address = word.getKey();
                boolean time = !word.getValue().equals(otherClock.overlay.get(address));
                if (time ? isAsItWas(address) : RawMemory.getLong(address) != word.getValue()) {
                    return "word " + Long.toHexString(address) + " holds " + RawMemory.getLong(address) + ", not "
                            + word.getValue();
                }
            }
            for (long address : everyCommit()) {
                if (!overlay.containsKey(address) && !isAsItWas(address)) {
                    return "word " + Long.toHexString(address) + " of another index was committed to as well";
                }
            }
            return "";
        }
    }
}
