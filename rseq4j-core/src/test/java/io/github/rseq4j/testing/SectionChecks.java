package io.github.rseq4j.testing;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.interpreter.Fallback;
import io.github.rseq4j.interpreter.Interpreter;
import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.ir.CommitAddDouble;
import io.github.rseq4j.ir.Index;
import io.github.rseq4j.ir.Step;
import io.github.rseq4j.kernel.Architecture;
import io.github.rseq4j.machine.Checker;
import io.github.rseq4j.machine.Compiler;
import io.github.rseq4j.machine.Listing;
import io.github.rseq4j.machine.Target;
import io.github.rseq4j.proof.GivenTime;
import io.github.rseq4j.proof.Scenario;
import io.github.rseq4j.proof.SimulationProof;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Checks of each section of a module, on every architecture and without a kernel. The listings are golden files, and
 * GNU as assembles them to the emitted bytes. After an intended change {@code -Drseq4j.golden=update} writes the files
 * again; review the difference.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
public abstract class SectionChecks {
    private static final int DATA_OFFSET = 0x1000;
    private static final long BASE = 0x10_0000;
    private static final long SEED = 42;
    private static final int STRIDE_SHIFT = 20;
    private static final long STRIDE_BYTES = 1L << STRIDE_SHIFT;
    private static final int SCENARIOS = 300;

    private final List<Chain> listed;
    private final List<Chain> all;
    private final Path goldens;

    /**
     * Takes the sections of a module.
     *
     * @param listed the sections with golden files
     * @param others the sections without golden files
     * @param goldens the folder of the golden files, relative to the repository's
     */
    protected SectionChecks(List<Chain> listed, List<Chain> others, String goldens) {
        this.listed = listed;
        this.all = Stream.concat(listed.stream(), others.stream()).toList();
        this.goldens = Path.of(Objects.requireNonNull(System.getProperty("rseq4j.root"))).resolve(goldens);
    }

    Stream<Chain> chains() {
        return all.stream();
    }

    Stream<Arguments> chainsByArchitecture() {
        return all.stream().flatMap(chain -> Arrays.stream(Architecture.values())
                .map(each -> Arguments.of(chain, each)));
    }

    Stream<Arguments> goldens() {
        return listed.stream().flatMap(chain -> Arrays.stream(Architecture.values())
                .flatMap(architecture -> Arrays.stream(Index.values())
                        .map(index -> Arguments.of(chain.name(), chain, architecture, index))));
    }

    Stream<Arguments> commits() {
        return listed.stream().flatMap(chain -> Stream.of(Index.values()).map(index -> Arguments.of(chain, index)));
    }

    @ParameterizedTest(name = "{0} on {2} by {3}")
    @MethodSource("goldens")
    void theListingMatchesItsGoldenFile(String name, Chain chain, Architecture architecture, Index index)
            throws IOException {
        Path file = goldens.resolve(name + "_" + index.spelling() + "." + architecture.spelling() + ".lst");
        String listing = Listing.of(chain, architecture, index);
        if (System.getProperty("rseq4j.golden", "").equals("update")) {
            Files.createDirectories(goldens);
            Files.writeString(file, listing);
        }
        assertEquals(Files.readString(file), listing);
    }

    @ParameterizedTest
    @MethodSource("chainsByArchitecture")
    void theListingAssemblesToTheEmittedBytes(Chain chain, Architecture architecture) {
        for (Index index : Index.values()) {
            byte[] assembled = GnuAs.assemble(architecture, Listing.of(chain, architecture, index));
            byte[] emitted = new Compiler(architecture).compile(chain, Target.NOMINAL.with(index))
                    .checked(0, DATA_OFFSET).bytes();
            assertArrayEquals(emitted, Arrays.copyOf(assembled, emitted.length), chain.name());
            assertEquals(DATA_OFFSET + Long.BYTES, assembled.length, "the counter of aborts follows the code");
        }
    }

    @ParameterizedTest
    @MethodSource("chainsByArchitecture")
    void theCheckerFindsNoFault(Chain chain, Architecture architecture) {
        for (Target target : List.of(Target.NOMINAL, Target.NOMINAL.inWords())) {
            assertEquals(List.of(), Checker.faults(new Compiler(architecture).compile(chain, target)
                    .at(BASE, BASE + DATA_OFFSET)));
        }
    }

    @ParameterizedTest
    @MethodSource("chains")
    void happensOnceWhenAbortedAtAnyStepAndAnyPairOfSteps(Chain chain) {
        SimulationProof.Report report = SimulationProof.of(chain, SEED).report();
        assertTrue(report.runs() >= 40L * report.steps() * (report.steps() + 2), report.toString());
    }

    /**
     * A release commit is stlr on aarch64; a relaxed one is str, stur or stp. It is of w where the word has 4 bytes,
     * and of d where it is a double.
     */
    @ParameterizedTest
    @MethodSource("commits")
    void theCommitHasTheOrderAndWidthInTheSectionsName(Chain chain, Index index) {
        String store = chain.name().contains("_release") ? "stlr "
                : chain.name().contains("_pair") ? "stp " : "stu?r ";
        List<String> commits = Listing.of(chain, Architecture.AARCH64, index).lines()
                .filter(line -> line.endsWith("<- commit")).map(String::strip).toList();
        assertEquals(chain.sections().size(), commits.size());
        for (int i = 0; i < commits.size(); i++) {
            boolean isDouble = chain.sections().get(i).steps().stream().anyMatch(CommitAddDouble.class::isInstance);
            assertEquals(isDouble, i == commits.size() - 1 && chain.name().contains("_fadd_"), chain.name());
            String width = chain.name().endsWith("_int") ? "w" : isDouble ? "d" : "x";
            assertTrue(commits.get(i).matches(store + width + ".*"), commits::toString);
        }
    }

    @ParameterizedTest
    @MethodSource("chains")
    void theFallbackAndTheInterpreterAgree(Chain whole) throws Throwable {
        Chain chain = GivenTime.of(whole);
        boolean timed = chain.sections().stream().anyMatch(s -> s.steps().stream()
                .anyMatch(Step.Timestamp.class::isInstance));
        Fallback fallback = new Fallback(1, STRIDE_SHIFT);
        long base = fallback.memory().reserve(2 * STRIDE_BYTES);
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
                statuses[way] = way == 0
                        ? new Interpreter(fallback.memory(), STRIDE_SHIFT, System::nanoTime).run(chain, 0, arguments, 0,
                                Interpreter.Interruption.NEVER)
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
