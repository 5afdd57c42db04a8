package io.github.rseq4j.registration;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.provider.ProviderImage;
import io.github.rseq4j.registration.Fixtures.Libc;
import io.github.rseq4j.testing.Tool;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** C programs with the provider image, on a libc that registers, two that do not, and musl. */
final class ProgramsKernelTest {
    private static Tool.Outcome run(Libc libc, Map<String, String> environment, String program, String... arguments) {
        List<String> command = Stream.concat(Stream.of(Fixtures.folder(libc).resolve(program).toString()),
                Arrays.stream(arguments)).toList();
        Tool.Outcome outcome = Fixtures.run(libc, environment, command);
        assertEquals(0, outcome.exit(), program + " on " + libc + " says:\n" + outcome.output());
        return outcome;
    }

    private static long number(Tool.Outcome outcome, String name) {
        Matcher matcher = Pattern.compile("\\b" + name + "=(-?\\d+)").matcher(outcome.output());
        assertTrue(matcher.find(), name + " is not in " + outcome.output());
        return Long.parseLong(matcher.group(1));
    }

    private static void requireOwner(Libc libc, Tool.Outcome outcome) {
        assertTrue(outcome.output().contains("owner=" + libc.owner() + " "), outcome.output());
    }

    /** The kernel's answers to each owner, counts up and down, overflow and underflow, and the tombstone. */
    @ParameterizedTest
    @EnumSource
    void countsAsTheProtocolDefines(Libc libc) {
        requireOwner(libc, run(libc, Map.of(), "table"));
    }

    /** A signal arrives before every instruction of the protocol's functions. Its handler counts or joins. */
    @ParameterizedTest
    @EnumSource
    void countsExactlyWithASignalBeforeAnyInstruction(Libc libc) {
        Tool.Outcome outcome = run(libc, Map.of(), "every_step");
        requireOwner(libc, outcome);
        assertTrue(number(outcome, "steps") > 1000, outcome.output());
    }

    /**
     * Destructors before and after the image's send signals. A tombstone stays where libc frees the thread's memory,
     * the registration elsewhere.
     */
    @ParameterizedTest
    @EnumSource
    void doesNotRegisterAgainAtTheEndOfAThread(Libc libc) {
        Tool.Outcome outcome = run(libc, Map.of(), "ends");
        requireOwner(libc, outcome);
        assertEquals(libc == Libc.MUSL, number(outcome, "tombstones") > 0, outcome.output());
    }

    @ParameterizedTest
    @EnumSource
    void losesNoUpdateWhileThreadsStartAndEndUnderSignals(Libc libc) {
        int threads = libc == Libc.DORMANT_GLIBC ? 100_000 : 20_000;
        Tool.Outcome outcome = run(libc, Map.of(), "storm", String.valueOf(threads));
        requireOwner(libc, outcome);
        assertTrue(number(outcome, "early") > threads / 1000, "handlers at the start of threads: " + outcome.output());
    }

    @ParameterizedTest
    @EnumSource
    void childProcessesWorkAndKeepTheParentsRegistration(Libc libc) {
        requireOwner(libc, run(libc, Map.of(), "children"));
    }

    @ParameterizedTest
    @EnumSource
    void registersEveryThreadOfAProgramThatPreloadsIt(Libc libc) {
        run(libc, Map.of("LD_PRELOAD", Fixtures.folder(libc).resolve(ProviderImage.FILE_NAME).toString()), "plain");
    }

    /** The dynamic linker defines glibc's symbols; a look-up of the next definition after ours does not find them. */
    @ParameterizedTest
    @EnumSource
    void findsLibcsRegistrationWhereTheDynamicLinkerComesFirst(Libc libc) {
        requireOwner(libc, run(libc, Map.of(), "ldso_first"));
    }

    /** A libc that registers ends the process itself. */
    @ParameterizedTest
    @EnumSource(names = "GLIBC", mode = EnumSource.Mode.EXCLUDE)
    void startsThreadsAfterAFilterForbidsTheirRegistration(Libc libc) {
        requireOwner(libc, run(libc, Map.of(), "forbidden"));
    }

    /** Each copy finds the other one's definitions of glibc's symbols, which are not glibc's. */
    @ParameterizedTest
    @EnumSource
    void doesNotMistakeAnotherCopyForLibc(Libc libc) throws IOException {
        Path image = Fixtures.folder(libc).resolve(ProviderImage.FILE_NAME);
        Path copy = Files.createDirectories(image.resolveSibling("copy")).resolve(ProviderImage.FILE_NAME);
        Files.copy(image, copy, StandardCopyOption.REPLACE_EXISTING);
        for (String preloaded : List.of(copy.toString(), image + ":" + copy, copy + ":" + image)) {
            requireOwner(libc, run(libc, Map.of("LD_PRELOAD", preloaded), "company"));
            run(libc, Map.of("LD_PRELOAD", preloaded), "plain");
        }
    }

    /** The other library's threads keep its areas, whether they start before or after the image is loaded. */
    @ParameterizedTest
    @EnumSource(names = {"DORMANT_GLIBC", "OLD_GLIBC"})
    void registersNoThreadWhereTheLoadingThreadHasAPrivateArea(Libc libc) {
        Tool.Outcome outcome = run(libc, Map.of(), "stranger_alone", "later-ours",
                Fixtures.folder(libc).resolve(ProviderImage.FILE_NAME).toString());
        assertTrue(outcome.output().contains("owner=0 ours=0 "), outcome.output());
        assertEquals(0, number(outcome, "refusals"), outcome.output());
    }

    static Stream<Arguments> company() {
        return Arrays.stream(Libc.values()).flatMap(libc -> Stream.of("early_adopter", "uncounted", "three_symbols")
                .flatMap(library -> Stream.of(true, false).map(first -> Arguments.of(libc, library, first))));
    }

    /** Each user stays registered until it leaves, in every order, independent of the other users. */
    @ParameterizedTest
    @MethodSource("company")
    void coexistsWithALibrary(Libc libc, String library, boolean first) {
        Path path = Fixtures.folder(libc).resolve("lib" + library + ".so");
        Map<String, String> preloaded = Map.of("LD_PRELOAD",
                Fixtures.folder(libc).resolve(ProviderImage.FILE_NAME).toString());
        Tool.Outcome outcome = first ? run(libc, preloaded, "company", path.toString())
                : run(libc, preloaded, "company", "-", path.toString());
        requireOwner(libc, outcome);
        // A library that knows __rseq_abi alone cannot share libc's area; the kernel refuses it.
        boolean shared = libc != Libc.GLIBC;
        if (library.equals("three_symbols")) {
            assertTrue(number(outcome, "symbols") >= 0, outcome.output());
        } else {
            assertEquals(shared ? 1 : 0, number(outcome, "shared"), outcome.output());
        }
    }

    /**
     * The library is preloaded before the image, so its symbols are the definitions: the image joins through its count.
     */
    @ParameterizedTest
    @EnumSource(names = {"DORMANT_GLIBC", "OLD_GLIBC", "MUSL"})
    void joinsALibraryThatIsLoadedFirst(Libc libc) {
        String library = Fixtures.folder(libc).resolve("libearly_adopter.so").toString();
        Tool.Outcome outcome = run(libc, Map.of("LD_PRELOAD", library, "EARLY_ADOPTER_ALL", "1"), "company", library);
        assertTrue(outcome.output().contains("owner=2 length=32 shared=1"), outcome.output());
        outcome = run(libc, Map.of("LD_PRELOAD", library, "EARLY_ADOPTER_ALL", "1"), "storm", "2000");
        assertTrue(outcome.output().contains("owner=2 "), outcome.output());
    }

    private static String auxiliary(Libc libc) {
        return Fixtures.folder(libc).resolve("libauxiliary.so").toString();
    }

    /**
     * Runs a program with an auxiliary vector that states 33 bytes; the kernels that run this test accept that length.
     */
    private static Tool.Outcome runFull(Libc libc, List<String> preloaded, String program, String... arguments) {
        List<String> all = new ArrayList<>(List.of(auxiliary(libc)));
        all.addAll(preloaded);
        return run(libc, Map.of("LD_PRELOAD", String.join(":", all), "EARLY_ADOPTER_ALL", "1"), program, arguments);
    }

    /** Counts, signals, ends of threads and children work as usual where the image's area has its full length. */
    @ParameterizedTest
    @CsvSource({"DORMANT_GLIBC,table", "DORMANT_GLIBC,children", "DORMANT_GLIBC,storm", "OLD_GLIBC,table",
        "OLD_GLIBC,ends", "MUSL,table", "MUSL,children", "MUSL,every_step", "MUSL,ends", "MUSL,storm"})
    void registersItsOwnAreaWithTheLengthThatTheKernelStates(Libc libc, String program) {
        requireOwner(libc, runFull(libc, List.of(), program, "2000"));
        assertEquals(33, number(runFull(libc, List.of(), "company"), "length"));
    }

    /** A library that shares the image's area passes 32, whichever registers first and whichever leaves last. */
    @ParameterizedTest
    @EnumSource(names = {"DORMANT_GLIBC", "OLD_GLIBC", "MUSL"})
    void sharesItsFullAreaWithALibraryThatPasses32(Libc libc) {
        String library = Fixtures.folder(libc).resolve("libearly_adopter.so").toString();
        String image = Fixtures.folder(libc).resolve(ProviderImage.FILE_NAME).toString();
        Tool.Outcome outcome = runFull(libc, List.of(image), "company", "-", library);
        assertTrue(outcome.output().contains("owner=3 length=33 shared=1"), outcome.output());
        outcome = run(libc, Map.of("LD_PRELOAD", auxiliary(libc)), "lengths", library);
        assertTrue(outcome.output().contains("owner=3 length=33 faults=0"), outcome.output());
    }

    /** Another library's area has the original length; so has the image's next to a cache in cpu_id_start. */
    @ParameterizedTest
    @EnumSource(names = {"DORMANT_GLIBC", "OLD_GLIBC", "MUSL"})
    void keepsTheOriginalLengthWhereALongerOneWouldDoHarm(Libc libc) {
        String library = Fixtures.folder(libc).resolve("libearly_adopter.so").toString();
        assertEquals(32, number(runFull(libc, List.of(library), "company", library), "length"));
        String cache = Fixtures.folder(libc).resolve("libcache.so").toString();
        Tool.Outcome outcome = runFull(libc, List.of(cache), "company");
        assertTrue(outcome.output().contains("owner=3 length=32 "), outcome.output());
    }
}
