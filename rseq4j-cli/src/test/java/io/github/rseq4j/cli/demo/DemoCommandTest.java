package io.github.rseq4j.cli.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.Rseq;
import io.github.rseq4j.cli.Run;
import io.github.rseq4j.cli.io.Launch;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

class DemoCommandTest {
    private static final byte[] SAMPLE = {'a', 'a', 'a', 'a', '\n', ' ', ' ', (byte) 0xff, '\n', 0};

    @TempDir
    private Path folder = Path.of("");

    private Path file(String name, byte[] content) throws IOException {
        Path file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        return Files.write(file, content);
    }

    private static void assertRow(String out, String pattern) {
        assertTrue(Pattern.compile("(?m)^ *" + pattern + "$").matcher(out).find(), pattern + " in " + out);
    }

    private static void assertRefused(String message, Path path) {
        Run run = Run.of("demo", "--bytes", path.toString());
        assertEquals(2, run.exit());
        assertEquals("rseq4j: " + message, run.onlyError());
    }

    @Test
    void countsAFileExactly() throws IOException {
        Run run = Run.of("demo", "--bytes", file("sample", SAMPLE).toString());
        assertEquals(0, run.exit(), run.toString());
        assertEquals("", run.err());
        assertTrue(run.out().startsWith("10 bytes in 1 file, read by 1 virtual thread on "), run.out());
        assertRow(run.out(), "0x61 +'a' +4 +40\\.00%");
        assertRow(run.out(), "0x0a +2 +20\\.00%");
        assertRow(run.out(), "0x20 +' ' +2 +20\\.00%");
        assertRow(run.out(), "0xff +1 +10\\.00%");
        assertRow(run.out(), "0x00 +1 +10\\.00%");
        assertRow(run.out(), "lines +2");
        assertFalse(run.out().contains("0x01"), "a value that does not occur has no row: " + run.out());
        assertTrue(run.out().contains("every count agrees"), run.out());
    }

    @Test
    void namesEveryContestantAndTheUpdate() throws IOException {
        String out = Run.of("demo", "--bytes", file("sample", SAMPLE).toString()).out();
        for (String contestant : List.of("PerCpuCounters", "LongAdder[]", "AtomicLongArray")) {
            assertRow(out, Pattern.quote(contestant) + " +[0-9]+ +[0-9.]+ +[0-9.]+ +[0-9.]+ to [0-9.]+ s");
        }
        assertTrue(out.contains("one update for each byte, and one for each line"), out);
    }

    @Test
    void printsWhetherRseqOrTheFallbackRan() throws IOException {
        String out = Run.of("demo", "--bytes", file("sample", SAMPLE).toString()).out();
        Rseq.Availability availability = Rseq.availability();
        assertTrue(out.contains(availability.available() ? "run on rseq, owner " + availability.owner()
                : "run on the fallback: " + availability.reason()), out);
        if ("never".equals(System.getProperty("rseq4j.registration"))) {
            assertTrue(out.contains("run on the fallback: "), out);
        }
    }

    @Test
    void countsAllFilesBelowAFolder() throws IOException {
        file("a", SAMPLE);
        file("b/c/d", SAMPLE);
        file("b/empty", new byte[0]);
        Run run = Run.of("demo", "--bytes", folder.toString());
        assertEquals(0, run.exit(), run.toString());
        assertTrue(run.out().startsWith("20 bytes in 3 files, "), run.out());
        assertRow(run.out(), "0x61 +'a' +8 +40\\.00%");
        assertRow(run.out(), "lines +4");
    }

    @Test
    void countsEveryGivenPath() throws IOException {
        Run run = Run.of("demo", "--bytes", file("a", SAMPLE).toString(), file("b", SAMPLE).toString());
        assertEquals(0, run.exit(), run.toString());
        assertRow(run.out(), "0x61 +'a' +8 +40\\.00%");
    }

    @Test
    void refusesAMissingPath() {
        Path path = folder.resolve("none");
        assertRefused("path=" + path + " cannot be read: there is no such file; name a readable file or folder", path);
    }

    @Test
    void refusesAMissingPathNextToAnExistingOne() throws IOException {
        Run run = Run.of("demo", "--bytes", file("a", SAMPLE).toString(), folder.resolve("none").toString());
        assertEquals(2, run.exit());
        assertTrue(run.onlyError().contains("there is no such file"), run.err());
    }

    @Test
    void refusesAPathBelowAFile() throws IOException {
        Path path = file("a", SAMPLE).resolve("below");
        Run run = Run.of("demo", "--bytes", path.toString());
        assertEquals(2, run.exit());
        assertTrue(run.onlyError().startsWith("rseq4j: path=" + path + " cannot be read: "), run.err());
    }

    @Test
    void refusesAnEmptyFile() throws IOException {
        Path path = file("empty", new byte[0]);
        assertRefused("nothing to count: 0 bytes in " + path + "; name a file that is not empty", path);
    }

    @Test
    void refusesAnEmptyFolder() {
        assertRefused("nothing to count: 0 bytes in " + folder + "; name a file that is not empty", folder);
    }

    @Test
    void refusesAnEmptyPath() {
        assertRefused("path= is empty; name a file or folder", Path.of(""));
    }

    /** Counts correctly, except for one byte value, which it counts once too often. */
    private static final class CountsTwice implements ByteCount {
        private final Plain counts = new Plain();

        @Override
        public String name() {
            return "CountsTwice";
        }

        @Override
        public void count(byte[] bytes, int length) {
            counts.count(bytes, length);
            counts.count(new byte[] {'a'}, 1);
        }

        @Override
        public long[] counts() {
            return counts.counts();
        }
    }

    @Test
    void failsAndNamesTheContestantThatCountsWrongly() throws IOException {
        CommandLine line = new CommandLine(new DemoCommand(List.of(ByteCount.PerCpu::new, CountsTwice::new),
                () -> null));
        Run run = Run.of(line, "--bytes", file("sample", SAMPLE).toString());
        assertEquals(1, run.exit());
        List<String> differing = run.out().lines().filter(l -> l.startsWith("DIFFERS: ")).distinct().toList();
        assertEquals(List.of("DIFFERS: CountsTwice, byte value 97: counted=5, expected=4"), differing);
        assertTrue(run.out().contains("check: failed"), run.out());
        assertFalse(run.out().contains("every count agrees"), run.out());
    }

    /** Keeps the options that it is run with, and returns a status of its own. */
    private static final class Remembering implements ServiceDemo {
        private final List<Options> options = new ArrayList<>();
        private final int status;

        Remembering() {
            this(1);
        }

        Remembering(int status) {
            this.status = status;
        }

        @Override
        public int run(Options given, PrintWriter out) {
            options.add(given);
            out.println("the service ran");
            return status;
        }
    }

    private static Run service(Remembering demo, String... arguments) {
        return Run.of(Launch.prepared(new CommandLine(new DemoCommand(ByteDemo.peers(), () -> demo))), arguments);
    }

    @Test
    void runsTheServiceUnlessBytesAreCounted() {
        Remembering demo = new Remembering();
        assertEquals(1, service(demo).exit());
        Run run = service(demo, "--input=documents", "--seconds=2", "--output", "page.html");
        assertEquals(new Run(1, "the service ran" + System.lineSeparator(), ""), run);
        assertEquals(List.of(new ServiceDemo.Options(null, 15, Path.of("report.html")),
                new ServiceDemo.Options(Path.of("documents"), 2, Path.of("page.html"))), demo.options);
    }

    @Test
    void saysThatCtrlCEndedTheService() {
        assertEquals(new Run(130, "the service ran" + System.lineSeparator(),
                "rseq4j: stopped by Ctrl-C: these are the complete rounds, and no page is written"
                + System.lineSeparator()), service(new Remembering(130)));
    }

    @Test
    void refusesOptionsOfTheOtherDemo() throws IOException {
        Remembering demo = new Remembering();
        for (String option : List.of("--input=documents", "--seconds=3", "--output=page.html")) {
            Run run = service(demo, "--bytes", option, file("sample", SAMPLE).toString());
            assertEquals(2, run.exit());
            assertEquals("rseq4j: --bytes: takes no --input, --seconds or --output; name files to count as PATH",
                    run.onlyError());
        }
        Run run = service(demo, "documents");
        assertEquals(2, run.exit());
        assertEquals("rseq4j: path=documents: is for --bytes; give --bytes to count bytes, or --input=DIR for"
                + " documents", run.onlyError());
        assertEquals(List.of(), demo.options);
    }

    @ParameterizedTest
    @ValueSource(strings = {"1", "601", "-3"})
    void refusesSecondsOutOfRange(String seconds) {
        Run run = service(new Remembering(), "--seconds=" + seconds);
        assertEquals(2, run.exit());
        assertEquals("rseq4j: --seconds=" + seconds + ": must be 2 to 600", run.onlyError());
    }

    @Test
    void namesTheLauncherWhereTheServiceIsMissing() {
        Run run = Run.of("demo");
        assertEquals(2, run.exit());
        assertTrue(run.onlyError().endsWith("which is not here; start it by the launcher, ./rseq4j demo"), run.err());
    }
}
