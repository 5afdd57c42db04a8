package io.github.rseq4j.code;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.engine.LoadAddStore;
import io.github.rseq4j.engine.Sections;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A section that is aborted at any step, and moved to another index there, does what an undisturbed one does; and the
 * bytecode of the fallback does what the simulator does.
 */
final class SimulatorTest {
    private static final int STRIDE_SHIFT = 20;
    private static final long STRIDE_BYTES = 1L << STRIDE_SHIFT;
    private static final int INDICES = 2;
    private static final int SCENARIOS = 300;
    private static final long CLOCK = 77;

    /** Memory, arguments, and the window of it that a chain may touch. */
    private static final class World {
        private final PagedMemory memory = new PagedMemory();
        private final long base = memory.reserve((INDICES + 1) * STRIDE_BYTES);
        private final long plain = base + INDICES * STRIDE_BYTES;
        private final long[] arguments;
        private final int windowBytes;

        World(Chain chain, long seed) {
            Scenario scenario = new Scenario(chain, base, plain);
            windowBytes = scenario.windowBytes();
            arguments = scenario.arguments(new SplittableRandom(seed));
            scenario.fill(memory, plain, new SplittableRandom(seed + 1));
            for (int index = 0; index < INDICES; index++) {
                scenario.fill(memory, base + index * STRIDE_BYTES, new SplittableRandom(seed + 2));
                scenario.fillSmall(memory, index * STRIDE_BYTES, arguments, new SplittableRandom(seed + 3));
            }
        }

        long run(Chain chain, int index, Simulator.Interruption interruption) {
            return new Simulator(memory, STRIDE_SHIFT, () -> CLOCK).run(chain, 0, arguments, index, interruption);
        }

        long[] window(long address) {
            long[] words = new long[windowBytes / Long.BYTES];
            Arrays.setAll(words, i -> memory.getLong(address + (long) i * Long.BYTES));
            return words;
        }

        long[] window(int index) {
            return window(base + index * STRIDE_BYTES);
        }
    }

    static Stream<Chain> chains() {
        return Stream.concat(Sections.all().stream(), SampleSections.all().stream());
    }

    @ParameterizedTest
    @MethodSource("chains")
    void doesTheSameWhenAbortedAtAnyStepAndMoved(Chain chain) {
        Set<Long> statuses = new HashSet<>();
        for (long seed = 0; seed < SCENARIOS; seed++) {
            World undisturbed = new World(chain, seed);
            long expected = undisturbed.run(chain, 1, Simulator.Interruption.NEVER);
            statuses.add(Math.min(0, expected));
            for (int step = 0; step < chain.sections().getFirst().steps().size(); step++) {
                World disturbed = new World(chain, seed);
                long[] left = disturbed.window(0);
                int at = step;
                int[] aborts = new int[1];
                long status = disturbed.run(chain, 0, (section, number, index) -> {
                    boolean abort = section == 0 && number == at && index == 0;
                    aborts[0] += abort ? 1 : 0;
                    return abort ? 1 : Simulator.Interruption.CONTINUE;
                });
                String where = chain.name() + ", step " + step + ", seed " + seed;
                if (aborts[0] == 0) {
                    continue;
                }
                if (chain.restarts() == 0) {
                    assertEquals(Status.failure(Status.ABORTED, 0), status, where);
                    continue;
                }
                assertEquals(expected, status, where);
                assertEquals(Arrays.toString(undisturbed.window(1)), Arrays.toString(disturbed.window(1)), where);
                assertEquals(Arrays.toString(undisturbed.window(undisturbed.plain)),
                        Arrays.toString(disturbed.window(disturbed.plain)), where);
                assertCommitUntouched(chain, disturbed, left, where);
            }
        }
        assertTrue(statuses.contains(0L), "some scenario commits: " + statuses);
    }

    /** At the index that was left, the commit's word is as it was; stores ahead of it may have happened. */
    private static void assertCommitUntouched(Chain chain, World world, long[] left, String where) {
        Mem to = chain.sections().getFirst().commit().to();
        if (to.base().isArgument() && to.index() == null) {
            int word = (int) ((world.arguments[to.base().number()] - world.base + to.displacementBytes()) / Long.BYTES);
            assertEquals(left[word], world.window(0)[word], where);
        }
    }

    @ParameterizedTest
    @MethodSource("chains")
    void interleavedOperationsBothHappen(Chain chain) {
        for (long seed = 0; seed < SCENARIOS; seed++) {
            World sequential = new World(chain, seed);
            long first = sequential.run(chain, 0, Simulator.Interruption.NEVER);
            long second = sequential.run(chain, 0, Simulator.Interruption.NEVER);
            for (int step = 0; step < chain.sections().getFirst().steps().size(); step++) {
                World world = new World(chain, seed);
                int at = step;
                long[] other = {Long.MAX_VALUE};
                long status = world.run(chain, 0, (section, number, _) -> {
                    if (section != 0 || number != at || other[0] != Long.MAX_VALUE) {
                        return Simulator.Interruption.CONTINUE;
                    }
                    other[0] = world.run(chain, 0, Simulator.Interruption.NEVER);
                    return 0;
                });
                if (other[0] == Long.MAX_VALUE || chain.restarts() == 0) {
                    continue;
                }
                String where = chain.name() + ", step " + step + ", seed " + seed;
                assertEquals(first, other[0], where);
                assertEquals(second, status, where);
                assertEquals(Arrays.toString(sequential.window(0)), Arrays.toString(world.window(0)), where);
            }
        }
    }

    @Test
    void givesUpWhenAbortedTooOften() {
        World world = new World(LoadAddStore.EIGHT, 1);
        long[] before = world.window(0);
        int[] aborts = new int[1];
        long status = world.run(LoadAddStore.EIGHT, 0, (section, _, index) -> {
            aborts[0] += section == 5 ? 1 : 0;
            return section == 5 ? index : Simulator.Interruption.CONTINUE;
        });
        assertEquals(Status.failure(Status.ABORTED, 5), status);
        assertEquals(Chain.DEFAULT_RESTARTS + 1, aborts[0]);
        assertEquals(5, Arrays.stream(differences(before, world.window(0))).filter(d -> d != 0).count()
                + Arrays.stream(world.arguments).limit(10).filter(a -> a == 0).count(), "five sections were committed");
    }

    private static long[] differences(long[] before, long[] after) {
        long[] differences = new long[before.length];
        Arrays.setAll(differences, i -> after[i] - before[i]);
        return differences;
    }

    @ParameterizedTest
    @MethodSource("chains")
    void theFallbackDoesWhatTheSimulatorDoes(Chain chain) throws Throwable {
        boolean timed = chain.sections().stream().anyMatch(s -> s.steps().stream()
                .anyMatch(Step.Timestamp.class::isInstance));
        Fallback fallback = new Fallback(1, STRIDE_SHIFT);
        long base = fallback.memory().reserve(INDICES * STRIDE_BYTES);
        long plain = base + STRIDE_BYTES;
        var handle = fallback.handle(chain);
        for (long seed = 0; seed < SCENARIOS; seed++) {
            Scenario scenario = new Scenario(chain, base, plain);
            long[] arguments = scenario.arguments(new SplittableRandom(seed));
            long[][] windows = new long[2][];
            long[] statuses = new long[2];
            for (int way = 0; way < 2; way++) {
                scenario.fill(fallback.memory(), plain, new SplittableRandom(seed + 1));
                scenario.fill(fallback.memory(), base, new SplittableRandom(seed + 2));
                scenario.fillSmall(fallback.memory(), 0, arguments, new SplittableRandom(seed + 3));
                statuses[way] = way == 0
                        ? new Simulator(fallback.memory(), STRIDE_SHIFT).run(chain, 0, arguments, 0,
                                Simulator.Interruption.NEVER)
                        : (long) handle.invokeWithArguments(Arrays.stream(arguments).boxed().toArray());
                windows[way] = new long[2 * scenario.windowBytes() / Long.BYTES];
                for (int i = 0; i < windows[way].length / 2; i++) {
                    windows[way][2 * i] = fallback.memory().getLong(base + (long) i * Long.BYTES);
                    windows[way][2 * i + 1] = fallback.memory().getLong(plain + (long) i * Long.BYTES);
                }
            }
            assertEquals(statuses[0], statuses[1], chain.name() + ", seed " + seed);
            if (!timed) {
                assertEquals(Arrays.toString(windows[0]), Arrays.toString(windows[1]), chain.name() + ", seed " + seed);
            }
        }
    }
}
