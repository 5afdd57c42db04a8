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
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;

/** One call of the abort proof: memory and arguments made up from a seed, and what must have come of them. */
final class ProofRun {
    /* How it works
     *
     * The windows that the chain may touch are filled and remembered. After the call the interpreter runs the chain on
     * what was remembered, at every index, and the memory must look as one of these runs leaves it; whatever a commit
     * would have written at another index must be as it was. A thread may move between two sections of a chain, so the
     * runs that change the index there, once or twice, are tried as well. What differs between two simulated clocks
     * holds a timestamp, and is only required to have been written.
     */
    private static final long CLOCK_A = 0x1111_1111_1111_1111L;
    private static final long CLOCK_B = 0x2222_2222_2222_2222L;

    private final Chain chain;
    private final Target target;
    private final long[] arguments;
    private final long[] bases;
    private final long[][] remembered;
    private final Set<Long> everyCommit = new HashSet<>();

    ProofRun(Chain chain, Target target, long area, long plain, long seed) {
        this.chain = chain;
        this.target = target;
        Scenario scenario = new Scenario(chain, area, plain);
        if (scenario.windowBytes() > 1 << target.strideShift() - 1) {
            throw new IllegalArgumentException("chain=" + chain.name() + " touches windowBytes="
                    + scenario.windowBytes() + ", more than half a stride");
        }
        this.arguments = scenario.arguments(new SplittableRandom(seed));
        this.bases = new long[target.limit() + 1];
        this.remembered = new long[bases.length][scenario.windowBytes() / Long.BYTES];
        bases[target.limit()] = plain;
        scenario.fill(AddressSpace.RAW, plain, new SplittableRandom(seed + 1));
        for (int index = 0; index < target.limit(); index++) {
            long slot = (long) index << target.strideShift();
            bases[index] = area + slot;
            scenario.fill(AddressSpace.RAW, bases[index], new SplittableRandom(seed + 2));
        }
        for (int i = 0; i < bases.length; i++) {
            long base = bases[i];
            Arrays.setAll(remembered[i], word -> RawMemory.getLong(base + (long) word * Long.BYTES));
        }
        for (int index = 0; index < target.limit(); index++) {
            everyCommit.addAll(simulate(uniform(index), CLOCK_A).commits);
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
     * What commits write is as the first sections leave it, and the next one has not committed.
     *
     * @param committed how many sections have
     * @param where what the message begins with
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
        Outcome outcome = simulate(first, CLOCK_A);
        Outcome otherClock = simulate(first, CLOCK_B);
        // What the aborted section has stored ahead of its commit stays; another section may commit that.
        Set<Long> stored = new HashSet<>();
        for (int index = 0; index < target.limit(); index++) {
            int[] further = Arrays.copyOf(indices, committed + 1);
            further[committed] = index;
            stored.addAll(simulate(further, CLOCK_A).stored);
        }
        return everyCommit.stream().allMatch(address -> stored.contains(address)
                || outcome.getLong(address) != otherClock.getLong(address)
                || RawMemory.getLong(address) == outcome.getLong(address));
    }

    /** The memory and the status are as one undisturbed run leaves them. */
    void requireOnce(long status, String where) {
        List<String> tried = new ArrayList<>();
        for (int index = 0; index < target.limit(); index++) {
            String difference = difference(uniform(index), status);
            if (difference.isEmpty()) {
                return;
            }
            tried.add(Arrays.toString(uniform(index)) + ": " + difference);
        }
        boolean moved = walks().stream().anyMatch(indices -> difference(indices, status).isEmpty());
        AbortProof.require(moved, where, "the operation did not happen exactly once, arguments="
                + Arrays.toString(arguments) + ", by indices of the sections " + tried);
    }

    private String difference(int[] indices, long status) {
        return simulate(indices, CLOCK_A).difference(simulate(indices, CLOCK_B), status);
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

    private Outcome simulate(int[] indices, long clock) {
        Outcome outcome = new Outcome();
        Interpreter interpreter = new Interpreter(outcome, target.strideShift(), () -> clock);
        for (int k = 0; k < indices.length; k++) {
            Section section = chain.sections().get(k);
            outcome.stored.clear();
            Chain one = new Chain(chain.name(), chain.arguments(), chain.restarts(), List.of(section));
            outcome.status = interpreter.run(one, 0, arguments, indices[k], (_, step, _) -> {
                outcome.committing = step == section.steps().size() - 1;
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
        for (int i = 0; i < bases.length; i++) {
            long offset = address - bases[i];
            if (offset >= 0 && offset < (long) remembered[i].length * Long.BYTES) {
                return remembered[i][(int) (offset / Long.BYTES)];
            }
        }
        throw new IllegalStateException("chain=" + chain.name() + " touches address=" + address
                + " outside of its windows");
    }

    private boolean isAsItWas(long address) {
        return RawMemory.getLong(address) == before(address);
    }

    /** What a simulated run leaves: an overlay of the memory that is remembered. */
    private final class Outcome implements AddressSpace {
        private final Map<Long, Long> overlay = new HashMap<>();
        private final Set<Long> commits = new HashSet<>();
        /** What the last section has stored ahead of its commit. */
        private final Set<Long> stored = new HashSet<>();
        private boolean committing;
        private long status;

        @Override
        public long getLong(long address) {
            Long value = overlay.get(address);
            return value == null ? before(address) : value;
        }

        @Override
        public void putLong(long address, long value) {
            // What lies outside of the windows is refused here, before the code writes there.
            long _ = before(address);
            overlay.put(address, value);
            if (committing) {
                commits.add(address);
            } else {
                stored.add(address);
            }
        }

        /** Returns what is not as this run leaves it, or nothing; another run's clock tells what holds a time. */
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
            for (long address : everyCommit) {
                if (!overlay.containsKey(address) && !isAsItWas(address)) {
                    return "word " + Long.toHexString(address) + " of another index was committed to as well";
                }
            }
            return "";
        }
    }
}
