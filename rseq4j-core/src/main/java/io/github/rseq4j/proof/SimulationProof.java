package io.github.rseq4j.proof;

import io.github.rseq4j.interpreter.AddressSpace;
import io.github.rseq4j.interpreter.Interpreter;
import io.github.rseq4j.interpreter.PagedMemory;
import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.ir.Rules;
import io.github.rseq4j.ir.Section;
import io.github.rseq4j.ir.Status;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * Proves by simulation that each operation of a chain happens exactly once. The interpreter aborts the sections before
 * every step and before every pair of steps; it restarts them at the same index or at another one, or runs another
 * operation in between. An instance exists only for a chain that passed.
 */
public final class SimulationProof {
    /* How it works
     *
     * Memory is filled once for each seed, and each run writes to an overlay of it. After an abort the run continues at
     * the same index or at another one, in turns. Each section commits at the index where it ended. So the expected
     * memory is what undisturbed sections at these indices leave. Only a store before a commit that did not happen may
     * differ, because no other thread reads it (I3). The next call at the index that the run left must also give the
     * same as without the abort.
     *
     * Restarts refuses sections from their steps alone. The simulation does not rely on that: in some of the scenarios
     * places overlap, among them places at loaded addresses.
     *
     * The operation in between is the whole chain, with the same arguments and at the same index. Both operations must
     * then have happened, one after the other; their sections may alternate, because only each section is atomic.
     *
     * The work grows with the third power of the number of steps. Long chains get fewer scenarios. In a chain that has
     * more steps than a section may have, pairs of steps in two different sections are left out: the earlier section
     * commits before the later one is aborted, or the later abort never happens.
     */
    private static final int STRIDE_SHIFT = 20;
    private static final int INDICES = 3;
    private static final int SCENARIOS = 40;
    private static final int MIN_SCENARIOS = 2;
    /** The number of simulated steps of all scenarios together, above which there are fewer scenarios. */
    private static final long BUDGET_STEPS = 1L << 22;
    private static final int MAX_SCENARIOS = 2000;
    private static final int OVERLAPPING_ONE_IN = 3;
    private static final long CLOCK = 77;

    private final Chain chain;
    private final List<int[]> steps = new ArrayList<>();
    private long runs;

    private SimulationProof(Chain chain) {
        this.chain = chain;
        for (int k = 0; k < chain.sections().size(); k++) {
            for (int i = 0; i < chain.sections().get(k).steps().size(); i++) {
                steps.add(new int[] {k, i});
            }
        }
    }

    /**
     * The extent of a simulation.
     *
     * @param chain the chain's name
     * @param steps the number of steps of its sections
     * @param runs the number of aborted runs
     */
    public record Report(String chain, int steps, long runs) {}

    /**
     * Simulates a chain.
     *
     * @param chain the chain
     * @param seed decides the scenarios
     * @return the proof
     * @throws IllegalStateException if an operation did not happen exactly once, if no scenario reaches a commit, or if
     *     an address leads out of the scenario; the message names the chain, the steps and the seed
     * @throws IllegalArgumentException when a restart may read an aborted run's store
     */
    public static SimulationProof of(Chain chain, long seed) {
        Rules.checkRestarts(chain);
        return simulated(chain, seed);
    }

    /** Simulates a chain that may break the rule about restarts, to test that the simulation finds it, too. */
    public static SimulationProof simulated(Chain chain, long seed) {
        SimulationProof proof = new SimulationProof(chain);
        proof.simulate(seed);
        return proof;
    }

    /** Returns the chain that was proven. */
    public Chain chain() {
        return chain;
    }

    /** Returns the extent of the simulation. */
    public Report report() {
        return new Report(chain.name(), steps.size(), runs);
    }

    private void simulate(long seed) {
        Set<Integer> committed = new HashSet<>();
        long cube = (long) steps.size() * steps.size() * steps.size();
        long enough = Math.clamp(BUDGET_STEPS / cube, MIN_SCENARIOS, SCENARIOS);
        long left = enough;
        for (int tried = 0; left > 0 || committed.size() < chain.sections().size(); tried++) {
            if (tried == MAX_SCENARIOS) {
                throw new IllegalStateException("chain=" + chain.name() + ": no scenario of " + tried
                        + " commits every section, committed=" + committed + ", seed=" + seed);
            }
            World world = new World(seed + tried);
            try {
                Run undisturbed = world.run(List.of(), 0);
                world.everyCommit.addAll(undisturbed.commits);
                for (int index = 1; index < INDICES; index++) {
                    Run elsewhere = new Run(world, List.of(), 0);
                    world.interpreter(elsewhere).run(chain, 0, world.arguments, index, elsewhere);
                    world.everyCommit.addAll(elsewhere.commits);
                }
                if (committed.addAll(undisturbed.committedAt.keySet()) || left > 0) {
                    disturb(world);
                }
                left--;
            } catch (IndexOutOfBoundsException | IllegalArgumentException e) {
                if (world.overlaps) {
                    continue;
                }
                throw new IllegalStateException("chain=" + chain.name() + ", seed=" + world.seed + ": an address must"
                        + " come from an argument or from a word that a step loads, and fit its word: "
                        + e.getMessage(), e);
            }
        }
    }

    private void disturb(World world) {
        for (int first = 0; first < steps.size(); first++) {
            world.requireOnce(List.of(first));
            world.requireBoth(first);
            runs += 2;
            for (int second = 0; second < steps.size(); second++) {
                if (steps.size() <= Section.MAX_STEPS || steps.get(first)[0] == steps.get(second)[0]) {
                    world.requireOnce(List.of(first, second));
                    runs++;
                }
            }
        }
    }

    /** Filled memory, and arguments. */
    private final class World {
        private final PagedMemory memory = new PagedMemory();
        private final long seed;
        private final long[] arguments;
        private final boolean overlaps;
        /** Whether aborted runs stay at their index, because a place without a slot reaches the copy there (I9). */
        private final boolean isBound;
        /** The addresses to which undisturbed runs commit, at any index. */
        private final Set<Long> everyCommit = new HashSet<>();

        World(long seed) {
            this.seed = seed;
            long base = memory.reserve((INDICES + 1L) << STRIDE_SHIFT);
            long plain = base + ((long) INDICES << STRIDE_SHIFT);
            Scenario scenario = new Scenario(chain, base, plain).overlapping(OVERLAPPING_ONE_IN, 0);
            if (scenario.windowBytes() > 1 << STRIDE_SHIFT) {
                throw new IllegalArgumentException("chain=" + chain.name() + " touches windowBytes="
                        + scenario.windowBytes() + ", more than a stride");
            }
            arguments = scenario.arguments(new SplittableRandom(seed));
            for (int index = 0; index <= INDICES; index++) {
                scenario.fill(memory, base + ((long) index << STRIDE_SHIFT),
                        new SplittableRandom(seed + (index == INDICES ? 1 : 2)));
            }
            overlaps = scenario.isOverlapping();
            isBound = scenario.reachesCopy();
        }

        Run run(List<Integer> aborts, int other) {
            Run run = new Run(this, aborts, other);
            run.status = interpreter(run).run(chain, 0, arguments, 0, run);
            return run;
        }

        private Interpreter interpreter(AddressSpace on) {
            return new Interpreter(on, STRIDE_SHIFT, () -> CLOCK);
        }

        /** Requires that the aborted chain does the same as its sections at the indices where they ended. */
        void requireOnce(List<Integer> aborts) {
            Run disturbed = run(aborts, 0);
            if (chain.restarts() < disturbed.aborted) {
                require(Status.code(disturbed.status) == Status.ABORTED, aborts, "it was restarted too often");
                return;
            }
            Run expected = new Run(this, List.of(), 0);
            for (int k = 0; k < chain.sections().size() && expected.status >= 0; k++) {
                expected.status = step(expected, k, disturbed.endedAt.getOrDefault(k, 0));
            }
            compare(disturbed, expected, aborts);
            if (aborts.size() == 1 && disturbed.status >= 0) {
                // The next call at the index that the run left must not depend on the aborted run's stores.
                disturbed.status = interpreter(disturbed).run(chain, 0, arguments, 0, disturbed.of(0));
                expected.status = interpreter(expected).run(chain, 0, arguments, 0, expected.of(0));
                compareCommits(disturbed, expected, aborts);
            }
        }

        private long step(Run run, int section, int index) {
            long status = interpreter(run).run(part(section), 0, arguments, index, run.of(section));
            return status < 0 ? Status.failure(Status.code(status), section) : status;
        }

        /** Requires that an operation in between and the one that it interrupts both happen. */
        void requireBoth(int at) {
            if (chain.restarts() == 0) {
                return;
            }
            Run disturbed = run(List.of(at), 1);
            if (disturbed.aborted == 0) {
                return;
            }
            Run expected = new Run(this, List.of(), 0);
            int before = steps.get(at)[0];
            for (int k = 0; k < before; k++) {
                step(expected, k, 0);
            }
            long other = 0;
            for (int k = 0; k < chain.sections().size() && other >= 0; k++) {
                other = step(expected, k, 0);
            }
            for (int k = before; k < chain.sections().size() && expected.status >= 0; k++) {
                expected.status = step(expected, k, 0);
            }
            require(disturbed.otherStatus == other, List.of(at), "the operation in between returned "
                    + Status.describe(disturbed.otherStatus) + ", not " + Status.describe(other));
            compare(disturbed, expected, List.of(at));
        }

        /** Compares the statuses, and the words that sections commit. */
        private void compareCommits(Run actual, Run expected, List<Integer> aborts) {
            require(actual.status == expected.status, aborts, "the next call returned "
                    + Status.describe(actual.status) + ", not " + Status.describe(expected.status));
            for (long address : everyCommit) {
                require(actual.getLong(address) == expected.getLong(address), aborts, "word "
                        + Long.toHexString(address) + " holds " + actual.getLong(address) + " after the next call, not "
                        + expected.getLong(address));
            }
        }

        private void compare(Run actual, Run expected, List<Integer> aborts) {
            require(actual.status == expected.status, aborts, "it returned " + Status.describe(actual.status)
                    + ", not " + Status.describe(expected.status));
            Set<Long> addresses = new HashSet<>(actual.overlay.keySet());
            addresses.addAll(expected.overlay.keySet());
            for (long address : addresses) {
                boolean isStray = !expected.overlay.containsKey(address) && !actual.commits.contains(address)
                        && !everyCommit.contains(address);
                require(isStray || actual.getLong(address) == expected.getLong(address), aborts, "word "
                        + Long.toHexString(address) + " holds " + actual.getLong(address) + ", not "
                        + expected.getLong(address));
            }
        }

        private void require(boolean holds, List<Integer> aborts, String what) {
            if (!holds) {
                StringBuilder where = new StringBuilder();
                for (int abort : aborts) {
                    int[] step = steps.get(abort);
                    Section section = chain.sections().get(step[0]);
                    where.append(where.isEmpty() ? "" : " and ").append("section ").append(step[0]).append(" step ")
                            .append(step[1]).append(" (").append(section.steps().get(step[1])).append(')');
                }
                throw new IllegalStateException("chain=" + chain.name() + ", aborted before " + where + ", seed="
                        + seed + ": the operation did not happen exactly once: " + what);
            }
        }
    }

    private Chain part(int section) {
        return new Chain(chain.name(), chain.arguments(), chain.restarts(), List.of(chain.sections().get(section)));
    }

    /** One run: an overlay of the memory, and aborts before the given steps, one after the other. */
    private final class Run implements AddressSpace, Interpreter.Interruption {
        private final World world;
        private final List<Integer> aborts;
        private final int other;
        private final Map<Long, Long> overlay = new HashMap<>();
        private final Set<Long> commits = new HashSet<>();
        private final Map<Integer, Integer> endedAt = new HashMap<>();
        private final Map<Integer, Integer> committedAt = new HashMap<>();
        private boolean isCommitting;
        private int aborted;
        private long status;
        private long otherStatus;

        Run(World world, List<Integer> aborts, int other) {
            this.world = world;
            this.aborts = aborts;
            this.other = other;
        }

        @Override
        public long getLong(long address) {
            Long value = overlay.get(address);
            return value == null ? world.memory.getLong(address) : value;
        }

        @Override
        public void putLong(long address, long value) {
            // The memory refuses an address that was not reserved, for stores as for loads.
            long _ = world.memory.getLong(address);
            overlay.put(address, value);
            if (isCommitting) {
                commits.add(address);
            }
        }

        @Override
        public int before(int section, int step, int index) {
            endedAt.put(section, index);
            isCommitting = step == chain.sections().get(section).steps().size() - 1;
            if (aborted < aborts.size() && steps.get(aborts.get(aborted))[0] == section
                    && steps.get(aborts.get(aborted))[1] == step) {
                aborted++;
                if (other > 0) {
                    otherStatus = world.interpreter(this).run(chain, 0, world.arguments, index, of(0));
                }
                if (other > 0 || world.isBound) {
                    return index;
                }
                // To another index, and from there back, or to a third one, or nowhere.
                return (index + (int) (world.seed & 1) + aborted) % INDICES;
            }
            if (isCommitting) {
                committedAt.put(section, index);
            }
            return CONTINUE;
        }

        /** Notes the commits of a run of other sections on the same memory, from a section on; aborts nothing. */
        Interpreter.Interruption of(int from) {
            return (section, step, _) -> {
                isCommitting = step == chain.sections().get(from + section).steps().size() - 1;
                return CONTINUE;
            };
        }
    }
}
