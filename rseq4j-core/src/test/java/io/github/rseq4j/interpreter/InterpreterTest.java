package io.github.rseq4j.interpreter;

import static io.github.rseq4j.ir.Operand.arg;
import static io.github.rseq4j.ir.Operand.imm;
import static io.github.rseq4j.ir.Operand.temp;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.ir.Mem;
import io.github.rseq4j.ir.Section;
import io.github.rseq4j.ir.Status;
import io.github.rseq4j.ir.Step;
import io.github.rseq4j.ir.Width;
import io.github.rseq4j.machine.SampleSections;
import io.github.rseq4j.proof.Scenario;
import io.github.rseq4j.proof.SimulationProof;
import io.github.rseq4j.section.Condition;
import io.github.rseq4j.section.Order;
import io.github.rseq4j.sections.LoadAddStore;
import io.github.rseq4j.sections.Sections;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The simulation refuses sections that do not happen exactly once; the interpreter gives up after too many aborts. */
final class InterpreterTest {
    private static final int STRIDE_SHIFT = 20;
    private static final long STRIDE_BYTES = 1L << STRIDE_SHIFT;
    private static final int INDICES = 2;
    private static final long CLOCK = 77;

    /** Memory, arguments, and the window of memory that a chain may access. */
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
            }
        }

        long run(Chain chain, int index, Interpreter.Interruption interruption) {
            return new Interpreter(memory, STRIDE_SHIFT, () -> CLOCK).run(chain, 0, arguments, index, interruption);
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

    static Stream<Arguments> wrong() {
        Step.Load load = new Step.Load(temp(0), Mem.cell(arg(0), 8), Width.LONG);
        Step.Add add = new Step.Add(temp(0), imm(1));
        Step.CommitAdd commit = new Step.CommitAdd(Mem.cell(arg(0)), imm(1), Width.LONG, Order.RELAXED);
        Step.Store count = new Step.Store(Mem.cell(arg(0), 8), temp(0), Width.LONG);
        return Stream.of(
                Arguments.of("counts_each_restart", List.of(load, add, count, commit), "not happen exactly once"),
                Arguments.of("commits_what_a_restart_sees", List.of(
                        new Step.Load(temp(0), Mem.at(arg(1), 0), Width.LONG), add,
                        new Step.Store(Mem.at(arg(1), 0), temp(0), Width.LONG),
                        new Step.CommitStore(Mem.cell(arg(0)), temp(0), Width.LONG, Order.RELAXED)),
                        "not happen exactly once"),
                Arguments.of("counts_in_an_element", List.of(load, add,
                        new Step.Store(Mem.element(arg(0), 0, arg(1), 8), temp(0), Width.LONG), commit),
                        "not happen exactly once"),
                Arguments.of("counts_in_another_argument", List.of(load, add,
                        new Step.Store(Mem.cell(arg(1)), temp(0), Width.LONG), commit), "not happen exactly once"),
                Arguments.of("counts_by_an_address", List.of(load, add,
                        new Step.Store(Mem.at(arg(1), 8), temp(0), Width.LONG), commit), "not happen exactly once"),
                Arguments.of("counts_by_a_loaded_address", List.of(
                        new Step.Load(temp(1), Mem.cell(arg(1), 8), Width.LONG),
                        new Step.Load(temp(0), Mem.at(temp(1), 8), Width.LONG), add,
                        new Step.Store(Mem.at(arg(2), 0), temp(0), Width.LONG), commit), "not happen exactly once"),
                Arguments.of("stores_to_the_commit", List.of(
                        new Step.Store(Mem.cell(arg(1), 8), imm(3), Width.LONG), commit), "not happen exactly once"),
                Arguments.of("copies_onto_itself", List.of(
                        new Step.Copy(Mem.cell(arg(0), 8), arg(1), arg(2), 40), commit), "not happen exactly once"),
                Arguments.of("never_commits", List.of(load,
                        new Step.ExitIf(Condition.EQUAL, temp(0), temp(0), Width.LONG, 0), commit), "no scenario"));
    }

    @ParameterizedTest
    @MethodSource("wrong")
    void refusesSectionsThatDoNotHappenExactlyOnce(String name, List<Step> steps, String reason) {
        Chain chain = Chain.of(3, new Section(name, steps, null));
        String message = String.valueOf(assertThrows(IllegalStateException.class,
                () -> SimulationProof.simulated(chain, 42)).getMessage());
        assertTrue(message.contains(name) && message.contains(reason) && message.contains("seed="), message);
    }

    /**
     * The address may lie in the copy of one index. A run that restarts at another index may read its first try's store
     * there (I9).
     */
    @Test
    void acceptsASectionThatStoresToItsCopyAndThenLoadsThroughAnAddress() {
        Chain chain = Chain.of(2, new Section("store_load_store", List.of(
                new Step.Store(Mem.cell(arg(0), 8), imm(7), Width.LONG),
                new Step.Load(temp(0), Mem.at(arg(1), 0), Width.LONG),
                new Step.CommitStore(Mem.cell(arg(0)), temp(0), Width.LONG, Order.RELAXED)), null));
        for (long seed = 0; seed < 10; seed++) {
            assertTrue(SimulationProof.of(chain, seed).report().runs() > 0, "seed " + seed);
        }
    }

    @Test
    void givesUpWhenAbortedTooOften() {
        World world = new World(LoadAddStore.EIGHT, 1);
        long[] before = world.window(0);
        int[] aborts = new int[1];
        long status = world.run(LoadAddStore.EIGHT, 0, (section, _, index) -> {
            aborts[0] += section == 5 ? 1 : 0;
            return section == 5 ? index : Interpreter.Interruption.CONTINUE;
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
}
