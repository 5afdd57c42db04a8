package io.github.rseq4j.cli.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.rseq4j.Rseq;
import io.github.rseq4j.cli.Run;
import io.github.rseq4j.kernel.SharedMemory;
import io.github.rseq4j.trace.Field;
import io.github.rseq4j.trace.Provider;
import io.github.rseq4j.trace.Tracer;
import io.github.rseq4j.trace.TracerOptions;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code trace recover}, on the rings of a killed process. */
final class TraceRecoverTest {
    private static final int EVENTS = 300;
    private static final int MUTATIONS = 400;
    private static final int HEAD = 1300;
    /** The offset of position in a ring's memory. */
    private static final int STATE = 4096 - 192;
    private static final TracerOptions OPTIONS = TracerOptions.defaults().withSubBuffers(1 << 12, 4);

    @TempDir
    private Path folder = Path.of("");

    /** The events. */
    @Provider("left")
    interface Left {
        void number(@Field("n") long n);
    }

    @BeforeEach
    void requireRseq() {
        assumeTrue(Rseq.availability().available(), "rings outlive the process only with rseq");
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : files.toList()) {
                Files.copy(file, to.resolve(from.relativize(file).toString()), LinkOption.NOFOLLOW_LINKS);
            }
        }
    }

    /** A process that records and ends as if it were killed. */
    static final class Killed {
        private Killed() {}

        /** The arguments are the folder, and whether the tracer is a flight recorder. */
        public static void main(String[] arguments) throws IOException {
            Path running = Path.of(arguments[0]);
            Tracer tracer = Boolean.parseBoolean(arguments[1]) ? Tracer.flightRecorder(running, OPTIONS)
                    : Tracer.streaming(running, OPTIONS);
            Left probes = tracer.probes(MethodHandles.lookup(), Left.class);
            for (int i = 0; i < EVENTS; i++) {
                probes.number(i);
            }
            Runtime.getRuntime().halt(0);
        }
    }

    /** Runs a process that records and is killed. */
    private Path left(boolean isFlightRecorder, String... options) throws IOException {
        Path root = Path.of(System.getProperty("rseq4j.root", "..")).toAbsolutePath();
        String classes = Stream.of("core/target/classes", "trace/target/classes", "cli/target/classes",
                "cli/target/test-classes").map(each -> root.resolve("rseq4j-" + each).toString())
                .collect(Collectors.joining(":"));
        Path left = folder.resolve("left" + isFlightRecorder);
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString()));
        command.addAll(List.of(options));
        command.addAll(List.of("--enable-native-access=ALL-UNNAMED", "-cp", classes, Killed.class.getName(),
                left.toString(), String.valueOf(isFlightRecorder)));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        assertEquals("", new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
        return left;
    }

    private static String value(Path ring, String key) throws IOException {
        return Files.readAllLines(ring).stream().filter(line -> line.startsWith(key + "=")).findFirst().orElseThrow()
                .substring(key.length() + 1);
    }

    /** Removes the shared memory of a trace that is not recovered. */
    private static void forget(Path left) throws IOException {
        for (Path ring : rings(left)) {
            SharedMemory.remove(Integer.parseInt(value(ring, "shmid")));
        }
    }

    private static List<Path> rings(Path left) throws IOException {
        try (Stream<Path> files = Files.list(left.resolve(".rings"))) {
            return files.filter(file -> file.getFileName().toString().startsWith("ring_")).sorted().toList();
        }
    }

    @Test
    void completesTheTraceWithCommittedEvents() throws IOException {
        Path left = left(true);
        Run before = Run.of("trace", "view", left.toString());
        assertEquals(4, before.exit());
        assertTrue(before.onlyError().contains("the tracer was not closed, and events that it had not written are in"
                + " .rings: run `rseq4j trace recover DIR`"), before.err());
        Run run = Run.of("trace", "recover", left.toString());
        assertEquals(0, run.exit(), run.err());
        assertEquals("", run.err());
        assertTrue(run.out().matches("\\d+ packets of [\\d,]+ bytes recovered from \\d+ rings; 0 events were"
                + " discarded, 0 sub-buffers were torn\\R"), run.out());
        assertFalse(Files.exists(left.resolve(".rings")));
        Run view = Run.of("trace", "view", left.toString());
        assertEquals(0, view.exit(), view.err());
        assertEquals(EVENTS, view.out().lines().filter(line -> line.contains(" left:number n=")).count());

        Run again = Run.of("trace", "recover", left.toString());
        assertEquals(5, again.exit());
        assertEquals("rseq4j: DIR=" + left
                + ": there is nothing to recover: no tracer was left here, or its rings are gone", again.onlyError());
    }

    /** The number of lost events is unknown, so the command does not succeed. */
    @Test
    void failsWhereRingsWereInTheHeap() throws IOException {
        Path left = left(true, "-Drseq4j.registration=never");
        assertEquals(4, Run.of("trace", "view", left.toString()).exit());
        Run run = Run.of("trace", "recover", left.toString());
        assertEquals(4, run.exit(), run.err());
        assertTrue(run.err().startsWith("rseq4j: " + left + "/.rings/ring_")
                && run.err().contains(": rseq was not available, so this ring was in the heap"), run.err());
        assertFalse(Files.exists(left.resolve(".rings")));
    }

    /** Each message has one path, that of the file it concerns. */
    @Test
    void namesAnUnusableFileByItsPathOnce() throws IOException {
        Path left = left(false);
        Path ring = rings(left).getFirst();
        Path stream = left.resolve("channel_" + ring.getFileName().toString().substring("ring_".length()));
        Files.deleteIfExists(stream);
        Files.createDirectory(stream);
        Files.writeString(left.resolve(".rings/stranger"), "x");
        Run run = Run.of("trace", "recover", left.toString());
        assertEquals(4, run.exit());
        assertEquals(List.of("rseq4j: " + left + "/.rings/stranger: no tracer has made this, and it is left as it is",
                "rseq4j: " + stream + ": is a link or no regular file, and is left as it is: what is in "
                        + left.relativize(ring) + " is left there"), run.err().lines().sorted().toList());
        Path lock = left.resolve(".rings/lock");
        Files.delete(lock);
        Files.createDirectory(lock);
        assertEquals("rseq4j: DIR=" + left + ": .rings/lock: is a link or no regular file, and is left as it is",
                Run.of("trace", "recover", left.toString()).onlyError());
        forget(left);
    }

    @Test
    void refusesAPathThatIsNotAFolder() {
        Run run = Run.of("trace", "recover", folder.resolve("none").toString());
        assertEquals(2, run.exit());
        assertTrue(run.onlyError().contains("is not a folder; give the folder with which the tracer was made"),
                run.err());
    }

    @Test
    void leavesARunningTracerAlone() throws IOException {
        Path running = folder.resolve("running");
        try (Tracer tracer = Tracer.streaming(running, OPTIONS)) {
            Run run = Run.of("trace", "recover", running.toString());
            assertEquals(5, run.exit());
            assertTrue(run.onlyError().contains("the tracer still runs, pid=" + ProcessHandle.current().pid()
                    + ": close it, or ask it for a snapshot"), run.err());
            assertEquals(0, tracer.stats().failures());
        }
    }

    @Test
    void reportsAndKeepsAFileThatIsNotARing() throws IOException {
        Path left = left(false);
        List<Path> files = rings(left);
        Path ring = files.getFirst();
        int id = Integer.parseInt(value(ring, "shmid"));
        byte[] bytes = Files.readAllBytes(ring);
        bytes[3] ^= 1;
        Files.write(ring, bytes);
        Run run = Run.of("trace", "recover", left.toString());
        assertEquals(4, run.exit());
        assertTrue(run.err().startsWith("rseq4j: " + left + "/.rings/" + ring.getFileName()
                + ": line 1: is no ring's file of this version"), run.err());
        assertEquals(1, run.err().lines().count(), run.err());
        assertEquals(List.of(ring), rings(left));
        assertTrue(SharedMemory.status(id) != null, "an unknown segment is not removed");
        SharedMemory.remove(id);
    }

    /** A position so large that the position of the next sub-buffer would be negative. */
    @Test
    @Timeout(value = 1, unit = TimeUnit.MINUTES)
    void reportsAPositionAtTheEndOfTheRange() throws IOException {
        Path left = left(true);
        for (Path ring : rings(left)) {
            try (Arena arena = Arena.ofConfined()) {
                SharedMemory.attach(Integer.parseInt(value(ring, "shmid")), Long.parseLong(value(ring, "bytes")), false,
                        arena).set(ValueLayout.JAVA_LONG, STATE, Long.MAX_VALUE);
            }
        }
        Run run = Run.of("trace", "recover", left.toString());
        assertEquals(4, run.exit());
        assertTrue(run.err().lines().allMatch(line -> line.contains(": offset 0: position=92233720368547")
                && line.endsWith(": cannot be")), run.err());
        forget(left);
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
    void recoversOrReportsMutants() throws IOException {
        long seed = new Random().nextLong();
        Random random = new Random(seed);
        List<Path> pristine = new ArrayList<>();
        pristine.add(left(true));
        pristine.add(left(false));
        for (int m = 0; m < MUTATIONS; m++) {
            String at = "seed=" + seed + " mutation=" + m;
            Path mutant = folder.resolve("mutant" + m);
            copy(pristine.get(m % 2), mutant);
            List<Path> files = new ArrayList<>(rings(mutant));
            files.add(mutant.resolve("metadata"));
            Path file = files.get(random.nextInt(files.size()));
            Files.write(file, mutated(Files.readAllBytes(file), random));
            Run run = Run.of("trace", "recover", mutant.toString());
            assertTrue(run.err().isEmpty() ? run.exit() == 0 : run.exit() == 4 || run.exit() == 5,
                    at + ": " + run.exit() + " " + run.err());
            run.err().lines().forEach(line -> assertTrue(line.startsWith("rseq4j: "), at + ": " + line));
            assertFalse(run.err().contains("Exception") || run.err().contains("Error"), at + ": " + run.err());
            Run summary = Run.of("trace", "summary", mutant.toString());
            assertTrue(summary.exit() == 0 || summary.exit() == 4, at + ": " + summary.err());
            assertFalse(summary.err().contains("Exception"), at + ": " + summary.err());
        }
        forget(pristine.getFirst());
        forget(pristine.getLast());
    }
}
