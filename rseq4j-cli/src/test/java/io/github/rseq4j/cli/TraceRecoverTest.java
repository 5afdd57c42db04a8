package io.github.rseq4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.rseq4j.Rseq;
import io.github.rseq4j.trace.Field;
import io.github.rseq4j.trace.Provider;
import io.github.rseq4j.trace.Tracer;
import io.github.rseq4j.trace.TracerOptions;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code trace recover} as a user runs it, on what a process left that was killed. */
final class TraceRecoverTest {
    private static final int EVENTS = 300;
    private static final int MUTATIONS = 400;
    private static final int HEAD = 1300;
    private static final TracerOptions OPTIONS = TracerOptions.defaults().withSubBuffers(1 << 12, 4);

    @TempDir
    private Path folder = Path.of("");

    /** What is recorded. */
    @Provider("left")
    interface Left {
        void number(@Field("n") long n);
    }

    @BeforeEach
    void requireRseq() {
        assumeTrue(Rseq.availability().available(), "rings outlive the process with rseq alone");
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : files.toList()) {
                Files.copy(file, to.resolve(from.relativize(file).toString()), LinkOption.NOFOLLOW_LINKS);
            }
        }
    }

    /** Makes what is left of a process that recorded, and was killed then: a copy of its files. */
    private Path left(boolean isFlightRecorder) throws IOException {
        Path running = folder.resolve("running");
        try (Tracer tracer = isFlightRecorder ? Tracer.flightRecorder(running, OPTIONS)
                : Tracer.streaming(running, OPTIONS)) {
            Left probes = tracer.probes(MethodHandles.lookup(), Left.class);
            for (int i = 0; i < EVENTS; i++) {
                probes.number(i);
            }
            copy(running, folder.resolve("left"));
        }
        return folder.resolve("left");
    }

    private static List<Path> rings(Path left) throws IOException {
        try (Stream<Path> files = Files.list(left.resolve(".rings"))) {
            return files.filter(file -> file.getFileName().toString().startsWith("ring_")).sorted().toList();
        }
    }

    @Test
    void whatWasCommittedIsATraceThen() throws IOException {
        Path left = left(true);
        Run run = Run.of("trace", "recover", left.toString());
        assertEquals(0, run.exit(), run.err());
        assertEquals("", run.err());
        assertTrue(run.out().matches("\\d+ packets of [\\d,]+ bytes recovered from \\d+ rings; 0 events had found no"
                + " room, 0 sub-buffers were torn\\R"), run.out());
        assertFalse(Files.exists(left.resolve(".rings")));
        Run view = Run.of("trace", "view", left.toString());
        assertEquals(0, view.exit(), view.err());
        assertEquals(EVENTS, view.out().lines().filter(line -> line.contains(" left:number n=")).count());

        Run again = Run.of("trace", "recover", left.toString());
        assertEquals(2, again.exit());
        assertTrue(again.onlyError().contains("there is nothing to recover"), again.err());
    }

    @Test
    void aFolderThatIsNoneIsRefused() {
        Run run = Run.of("trace", "recover", folder.resolve("none").toString());
        assertEquals(2, run.exit());
        assertTrue(run.onlyError().contains("is no folder; give the one that the tracer was made with"), run.err());
    }

    @Test
    void aTracerThatRunsIsLeftAlone() throws IOException {
        Path running = folder.resolve("running");
        try (Tracer tracer = Tracer.streaming(running, OPTIONS)) {
            Run run = Run.of("trace", "recover", running.toString());
            assertEquals(2, run.exit());
            assertTrue(run.onlyError().contains("the tracer still runs, pid=" + ProcessHandle.current().pid()
                    + ": close it, or ask it for a snapshot"), run.err());
            assertEquals(0, tracer.stats().failures());
        }
    }

    @Test
    void aRingThatIsNoneIsToldAndLeft() throws IOException {
        Path left = left(false);
        Path ring = rings(left).getFirst();
        byte[] bytes = Files.readAllBytes(ring);
        bytes[1024] ^= 1;
        Files.write(ring, bytes);
        Run run = Run.of("trace", "recover", left.toString());
        assertEquals(2, run.exit());
        assertTrue(run.err().startsWith("rseq4j: " + left + "/" + ring.getFileName()
                + ": offset 1024: this is no ring: 0x"), run.err());
        assertEquals(1, run.err().lines().count(), run.err());
        assertEquals(List.of(ring), rings(left));
    }

    /** Positions are counted for ever, but not so far: the next sub-buffer's would be negative. */
    @Test
    @Timeout(value = 1, unit = TimeUnit.MINUTES)
    void aPositionAtTheEndOfAllNumbersIsTold() throws IOException {
        Path left = left(true);
        for (Path ring : rings(left)) {
            byte[] bytes = Files.readAllBytes(ring);
            for (int i = 1; i < 7; i++) {
                bytes[i] = -1;
            }
            bytes[7] = 0x7F;
            Files.write(ring, bytes);
        }
        Run run = Run.of("trace", "recover", left.toString());
        assertEquals(2, run.exit());
        assertTrue(run.err().lines().allMatch(line -> line.contains(": offset 0: position=92233720368547")
                && line.endsWith(": cannot be")), run.err());
    }

    private static byte[] mutated(byte[] bytes, Random random) {
        byte[] mutant = random.nextInt(8) == 0 ? Arrays.copyOf(bytes, random.nextInt(bytes.length))
                : bytes.clone();
        for (int i = random.nextInt(4); i >= 0 && mutant.length > 0; i--) {
            int at = random.nextInt(random.nextInt(4) == 0 ? mutant.length : Math.min(HEAD, mutant.length));
            mutant[at] = (byte) (random.nextBoolean() ? random.nextInt() : mutant[at] ^ 1 << random.nextInt(8));
        }
        return mutant;
    }

    @Test
    @Timeout(value = 5, unit = TimeUnit.MINUTES)
    void mutantsAreRecoveredOrTold() throws IOException {
        long seed = new Random().nextLong();
        Random random = new Random(seed);
        List<Path> pristine = new ArrayList<>();
        pristine.add(Files.move(left(true), folder.resolve("recorder")));
        Files.delete(folder.resolve("running").resolve("metadata"));
        pristine.add(Files.move(left(false), folder.resolve("stream")));
        for (int m = 0; m < MUTATIONS; m++) {
            String at = "seed=" + seed + " mutation=" + m;
            Path mutant = folder.resolve("mutant" + m);
            copy(pristine.get(m % 2), mutant);
            List<Path> files = new ArrayList<>(rings(mutant));
            files.add(mutant.resolve("metadata"));
            Path file = files.get(random.nextInt(files.size()));
            Files.write(file, mutated(Files.readAllBytes(file), random));
            Run run = Run.of("trace", "recover", mutant.toString());
            assertTrue(run.exit() == (run.err().isEmpty() ? 0 : 2), at + ": " + run.exit() + " " + run.err());
            run.err().lines().forEach(line -> assertTrue(line.startsWith("rseq4j: "), at + ": " + line));
            assertFalse(run.err().contains("Exception") || run.err().contains("Error"), at + ": " + run.err());
            Run summary = Run.of("trace", "summary", mutant.toString());
            assertTrue(summary.exit() == 0 || summary.exit() == 2, at + ": " + summary.err());
            assertFalse(summary.err().contains("Exception"), at + ": " + summary.err());
        }
    }
}
