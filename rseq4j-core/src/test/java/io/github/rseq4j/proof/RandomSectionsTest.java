package io.github.rseq4j.proof;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.interpreter.Fallback;
import io.github.rseq4j.interpreter.Interpreter;
import io.github.rseq4j.interpreter.PagedMemory;
import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.ir.Step;
import io.github.rseq4j.kernel.Architecture;
import io.github.rseq4j.machine.AssembledListings;
import java.lang.invoke.MethodHandle;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Random chains: each lowering accepts them, and the interpreter and the fallback agree on their results. */
final class RandomSectionsTest {
    private static final int STRIDE_SHIFT = 20;
    private static final int CHAINS = 100;
    private static final int SCENARIOS = 8;
    /** Chains of which many break the rule about restarts: each is simulated with aborts at all pairs of steps. */
    private static final int FREE_CHAINS = 40;

    @ParameterizedTest
    @ValueSource(longs = {0, 10_000, 20_000, 30_000})
    void randomChainsPassTheCheckerAndAssembleToTheSameBytes(long seed) {
        List<Chain> chains = RandomSections.of(seed, CHAINS);
        for (Architecture architecture : Architecture.values()) {
            AssembledListings.assertSameBytes(architecture, chains);
        }
    }

    private static boolean readsTime(Chain chain) {
        return chain.sections().stream().flatMap(s -> s.steps().stream()).anyMatch(Step::readsTime);
    }

    /** Fills memory again, and returns the arguments. */
    private static long[] scene(Chain chain, PagedMemory memory, long base, long seed) {
        long plain = base + (1 << STRIDE_SHIFT);
        Scenario scenario = new Scenario(chain, base, plain);
        long[] arguments = scenario.arguments(new SplittableRandom(seed));
        scenario.fill(memory, plain, new SplittableRandom(seed + 1));
        scenario.fill(memory, base, new SplittableRandom(seed + 2));
        return arguments;
    }

    private static String contents(PagedMemory memory, long base, Chain chain) {
        long[] words = new long[2 * new Scenario(chain, 0, 0).windowBytes() / Long.BYTES];
        for (int i = 0; i < words.length; i += 2) {
            words[i] = memory.getLong(base + 4L * i);
            words[i + 1] = memory.getLong(base + (1 << STRIDE_SHIFT) + 4L * i);
        }
        return Arrays.toString(words);
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 10_000, 20_000, 30_000})
    void theFallbackAndTheSimulatorAgree(long seed) throws Throwable {
        int committed = 0;
        for (Chain chain : RandomSections.of(seed, CHAINS)) {
            Fallback fallback = new Fallback(1, STRIDE_SHIFT);
            PagedMemory memory = fallback.memory();
            long base = memory.reserve(2L << STRIDE_SHIFT);
            MethodHandle handle = fallback.handle(chain);
            for (long scene = 0; scene < SCENARIOS; scene++) {
                String where = chain.name() + ", scene " + scene;
                long[] arguments = scene(chain, memory, base, scene);
                long expected = new Interpreter(memory, STRIDE_SHIFT, System::nanoTime).run(chain, 0, arguments, 0,
                        Interpreter.Interruption.NEVER);
                String simulated = contents(memory, base, chain);
                scene(chain, memory, base, scene);
                long status = (long) handle.invokeWithArguments(Arrays.stream(arguments).boxed().toArray());
                assertEquals(expected, status, where);
                committed += status >= 0 ? 1 : 0;
                if (!readsTime(chain)) {
                    assertEquals(simulated, contents(memory, base, chain), where);
                }
            }
        }
        assertTrue(committed > CHAINS, "some scenarios commit: " + committed);
    }

    /**
     * The rule about restarts against the simulation, which tries overlapping places: in chains that the rule accepts
     * no abort is visible, and the simulation itself finds many of those that the rule refuses.
     */
    @ParameterizedTest
    @ValueSource(longs = {0, 10_000})
    void theSimulationFindsNoVisibleRestartInAcceptedChains(long seed) {
        int taken = 0;
        int refused = 0;
        int found = 0;
        for (Chain chain : RandomSections.unchecked(seed, FREE_CHAINS)) {
            boolean isTaken = RandomSections.isTaken(chain.sections(), chain.arguments());
            String fault = fault(chain);
            assertTrue(!isTaken || !fault.contains("exactly once"), chain + ": " + fault);
            taken += isTaken ? 1 : 0;
            refused += isTaken ? 0 : 1;
            found += fault.contains("exactly once") ? 1 : 0;
        }
        assertTrue(taken > FREE_CHAINS / 10 && refused > FREE_CHAINS / 4, "taken=" + taken + ", refused=" + refused);
        assertTrue(found > refused / 8, "of refused=" + refused + " the simulation found " + found);
    }

    /**
     * The rules against the simulation again, with functions of several sections, and with single sections that follow
     * words which they load. Functions of several sections that do so are left out: their rule has a limit there.
     */
    @ParameterizedTest
    @ValueSource(longs = {150, 360})
    void theSimulationFindsNoVisibleRestartInFunctionsAndWithLoadedPlaces(long seed) {
        int functions = 0;
        int following = 0;
        List<Chain> chains = new ArrayList<>(RandomSections.of(seed, FREE_CHAINS));
        chains.addAll(RandomSections.following(seed, FREE_CHAINS));
        for (Chain chain : chains) {
            boolean isFollowing = chain.sections().stream().flatMap(section -> section.steps().stream())
                    .map(Step::memory).anyMatch(mem -> mem != null && !mem.base().isArgument());
            if (isFollowing == (chain.sections().size() == 1)) {
                String fault = fault(chain);
                assertTrue(!fault.contains("exactly once"), chain + ": " + fault);
                functions += isFollowing ? 0 : 1;
                following += isFollowing ? 1 : 0;
            }
        }
        assertTrue(functions > 2 && following > 2, "functions=" + functions + ", following=" + following);
    }

    private static String fault(Chain chain) {
        try {
            SimulationProof.simulated(chain, 1);
            return "";
        } catch (IllegalStateException e) {
            return String.valueOf(e.getMessage());
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 10_000, 20_000, 30_000})
    void anAbortAtAnyStepChangesNothing(long seed) {
        PagedMemory memory = new PagedMemory();
        long base = memory.reserve(2L << STRIDE_SHIFT);
        int aborts = 0;
        for (Chain chain : RandomSections.of(seed, CHAINS)) {
            Interpreter interpreter = new Interpreter(memory, STRIDE_SHIFT, () -> 1);
            for (long scene = 0; scene < SCENARIOS; scene++) {
                long[] arguments = scene(chain, memory, base, scene);
                int[] count = new int[1];
                long expected = interpreter.run(chain, 0, arguments, 0, (_, _, _) -> {
                    count[0]++;
                    return Interpreter.Interruption.CONTINUE;
                });
                String undisturbed = contents(memory, base, chain);
                for (int abortAt = 0; abortAt < count[0]; abortAt++) {
                    int at = abortAt;
                    int[] number = new int[1];
                    scene(chain, memory, base, scene);
                    long status = interpreter.run(chain, 0, arguments, 0,
                            (_, _, index) -> number[0]++ == at ? index : Interpreter.Interruption.CONTINUE);
                    String where = chain.name() + ", scene " + scene + ", aborted before step " + abortAt;
                    assertEquals(expected, status, where);
                    assertEquals(undisturbed, contents(memory, base, chain), where);
                    aborts++;
                }
            }
        }
        assertTrue(aborts > CHAINS, "aborts=" + aborts);
    }
}
