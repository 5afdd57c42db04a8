package io.github.rseq4j.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.rseq4j.Rseq;
import io.github.rseq4j.trace.common.TraceTime;
import io.github.rseq4j.trace.file.SafeFolder;
import io.github.rseq4j.trace.ring.RingFile;
import io.github.rseq4j.trace.ring.RingView;
import io.github.rseq4j.trace.ring.Rings;
import io.github.rseq4j.trace.ring.SharedRing;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The shared memory of rings: other processes write to it, and kernels refuse it. */
final class SharedRingKernelTest {
    private static final String SMALL = "mount -t tmpfs -o size=4k tmpfs /dev/shm && umask 0 && exec \"$@\"";

    @BeforeEach
    void requireRseq() {
        assumeTrue(Rseq.availability().available(), "rings are shared memory only with rseq");
    }

    private static List<String> seccomp(String call, List<String> command) {
        boolean isX64 = System.getProperty("os.arch").equals("amd64");
        int number = switch (call) {
            case "shmget" -> isX64 ? 29 : 194;
            default -> isX64 ? 30 : 196;
        };
        Path root = Path.of(Objects.requireNonNull(System.getProperty("rseq4j.root")));
        List<String> all = new ArrayList<>(List.of(command.getFirst(), "--enable-native-access=ALL-UNNAMED", "-cp",
                root.resolve("rseq4j-core/target/classes") + ":" + root.resolve("rseq4j-core/target/test-classes"),
                "io.github.rseq4j.kernel.Seccomp", String.valueOf(number), "-1", "0", "1"));
        all.addAll(command);
        return all;
    }

    /** Another thread writes random words to all of the rings' memory while threads record. The program goes on. */
    @ParameterizedTest
    @CsvSource({"auto", "monotonic"})
    void strayWritesToTheRingsGarbleOnlyTheTrace(String clock, @TempDir Path folder) throws Exception {
        String output = Child.output(Map.of(), Child.java(List.of("-Drseq4j.trace.clock=" + clock),
                GarbledChild.class, folder.toString()));
        assertTrue(output.endsWith("survived\n"), output);
    }

    /** Where the kernel refuses shared memory, the program goes on, and the tracer tells what a kill would lose. */
    @ParameterizedTest
    @CsvSource({"shmget", "shmat", "kernel/shmmni=0", "kernel/shm_rmid_forced=1"})
    void reportsTheLossWhenTheKernelRefusesSharedMemory(String refused, @TempDir Path temporary) throws Exception {
        Path folder = temporary.resolve("trace");
        List<String> command = Child.java(List.of(), UnsharedChild.class, folder.toString());
        int equals = refused.indexOf('=');
        String output = Child.output(Map.of(), equals < 0 ? seccomp(refused, command)
                : Child.unshared("--ipc", "echo " + refused.substring(equals + 1) + " > /proc/sys/"
                        + refused.substring(0, equals) + " && exec \"$@\"", command));
        String named = equals < 0 ? refused : refused.contains("shmmni") ? "shmget" : "shm_rmid_forced";
        assertTrue(output.startsWith("the rings are in memory that is private to the process, because of ")
                && output.contains(named), output);
        TraceRecovery.Report report = TraceRecovery.recover(folder);
        assertFalse(report.problems().isEmpty());
        assertTrue(report.problems().stream().allMatch(each -> each.contains("the kernel had refused shared memory")),
                report::toString);
        assertFalse(Files.exists(folder.resolve(TracerFolder.RINGS)), "nothing is left that could be recovered");
        assertEquals(UnsharedChild.FLUSHED, TracerTest.read(folder, 0).size());
    }

    /** Rings that end with the process cannot be recovered. So events that close() could not write are counted. */
    @Test
    void countsEventsThatCloseCouldNotWriteWhenTheKernelRefusesSharedMemory(@TempDir Path temporary)
            throws Exception {
        Path folder = temporary.resolve("trace");
        String output = Child.output(Map.of(), seccomp("shmget",
                Child.java(List.of(), UnsharedChild.class, folder.toString(), "close")));
        assertTrue(output.endsWith("\nlost=" + UnsharedChild.MORE + "\n"), output);
        assertFalse(TraceRecovery.recover(folder).problems().isEmpty());
    }

    /** On the fallback the rings are in the heap. A recovery reports that it cannot know their content. */
    @Test
    void recoveryReportsRingsThatWereInTheHeap(@TempDir Path temporary) throws Exception {
        Path folder = temporary.resolve("trace");
        String output = Child.output(Map.of(), Child.java(List.of("-Drseq4j.registration=never"), UnsharedChild.class,
                folder.toString()));
        assertTrue(output.startsWith("the rings are in the heap, because "), output);
        TraceRecovery.Report report = TraceRecovery.recover(folder);
        assertFalse(report.problems().isEmpty());
        assertTrue(report.problems().stream().allMatch(each -> each.matches("\\.rings/ring_\\d+: rseq was not"
                + " available, so this ring was in the heap of its process: what it held and was not in a file is gone,"
                + " and nobody knows how many events")), report::toString);
        assertFalse(Files.exists(folder.resolve(TracerFolder.RINGS)), "nothing is left that could be recovered");
        assertEquals(UnsharedChild.FLUSHED, TracerTest.read(folder, 0).size());
    }

    /** The size of a container's /dev/shm does not matter, and no umask gives other users access to the rings. */
    @Test
    void ringsNeedNoFileSystemAndAreAccessibleOnlyToTheirOwner(@TempDir Path temporary) throws Exception {
        Path folder = temporary.resolve("trace");
        String output = Child.output(Map.of(), Child.unshared("--mount", SMALL,
                Child.java(List.of(), UnsharedChild.class, folder.toString())));
        assertEquals("null\n", output);
        assertEquals("rwx------", permissions(folder.resolve(TracerFolder.RINGS)));
        assertEquals("rw-------", permissions(folder.resolve(TracerFolder.RINGS).resolve("lock")));
        List<String> segments = Files.readAllLines(Path.of("/proc/sysvipc/shm"));
        try (SafeFolder rings = SafeFolder.open(folder.resolve(TracerFolder.RINGS))) {
            for (String name : rings.names()) {
                if (name.startsWith(Rings.FILE)) {
                    assertEquals("rw-------", permissions(folder.resolve(TracerFolder.RINGS).resolve(name)));
                    String id = String.valueOf(RingFile.read(rings, name).id());
                    assertTrue(segments.stream().map(line -> line.strip().split(" +", -1))
                            .anyMatch(words -> words[1].equals(id) && words[2].equals("600")), segments::toString);
                }
            }
        }
        assertEquals(List.of(), TraceRecovery.recover(folder).problems());
        assertEquals(UnsharedChild.FLUSHED + UnsharedChild.MORE, TracerTest.read(folder, 0).size());
    }

    private static String permissions(Path path) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
    }

    /** A ring's file may be truncated or removed while the tracer runs: the ring's memory is elsewhere. */
    @Test
    void recordsAfterARingsFileWasTruncated(@TempDir Path folder) throws IOException {
        TracerStats stats;
        try (Tracer tracer = Tracer.streaming(folder, KilledChild.OPTIONS)) {
            tracer.recording.add(List.of(TracerTest.TWO));
            TracerTest.record(tracer, 0, 0);
            for (RingView ring : tracer.recording.rings.opened()) {
                Files.write(folder.resolve(TracerFolder.RINGS).resolve(Rings.FILE + ring.index()), new byte[0]);
            }
            for (int i = 1; i < 5000; i++) {
                TracerTest.record(tracer, 0, i);
                if (i % 500 == 0) {
                    tracer.flush();
                }
            }
            stats = tracer.stats();
        }
        assertEquals(0, stats.failures() + stats.lost(), stats::toString);
        assertEquals(5000, TracerTest.read(folder, stats.discarded()).size() + stats.discarded());
        assertFalse(Files.exists(folder.resolve(TracerFolder.RINGS)));
    }

    /** A tracer that is closed removes its shared memory. */
    @Test
    void aTracerThatWasClosedLeavesNoSharedMemory(@TempDir Path folder) throws IOException {
        List<Integer> ids = new ArrayList<>();
        try (Tracer tracer = Tracer.flightRecorder(folder)) {
            tracer.recording.rings.opened().forEach(ring -> ids.add(((SharedRing) ring).id()));
        }
        requireNoSegment(ids);
    }

    /** The rings cannot be recovered, because no file names them any more. */
    @Test
    void aTracerWhoseFolderWasRemovedLeavesNoSharedMemory(@TempDir Path temporary) throws IOException {
        Path folder = temporary.resolve("trace");
        List<Integer> ids = new ArrayList<>();
        try (Tracer tracer = Tracer.streaming(folder)) {
            tracer.recording.rings.opened().forEach(ring -> ids.add(((SharedRing) ring).id()));
            try (Stream<Path> files = Files.walk(folder)) {
                for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            }
        } catch (IOException e) {
            // The metadata cannot be written.
        }
        requireNoSegment(ids);
    }

    private static void requireNoSegment(List<Integer> ids) throws IOException {
        assertFalse(ids.isEmpty());
        String segments = Files.readString(Path.of("/proc/sysvipc/shm"));
        for (int id : ids) {
            assertFalse(segments.lines().anyMatch(line -> line.strip().split(" +", -1)[1].equals(String.valueOf(id))));
        }
    }

    /** A copy-on-write file system becomes full. No event causes a signal. */
    @ParameterizedTest
    @CsvSource({"btrfs, -q, 256M, false", "xfs, -q -m reflink=1, 320M, true"})
    void survivesAFullCopyOnWriteDisk(String type, String options, String size, boolean isShared,
            @TempDir Path temporary) throws Exception {
        Path image = temporary.resolve("image");
        Path mount = Files.createDirectory(temporary.resolve("mount"));
        String make = "truncate -s " + size + " '" + image + "' && mkfs." + type + " " + options + " '" + image + "'";
        Child.require("needs mkfs." + type, Child.succeeds(List.of("sh", "-c", make)));
        String output = Child.output(Map.of(), Child.unshared("--mount", "mount -o loop '" + image + "' '" + mount
                + "' && exec \"$@\"", Child.java(List.of("-XX:-CreateCoredumpOnCrash"), CowDiskChild.class,
                mount.toString(), String.valueOf(isShared))));
        assertTrue(output.startsWith("went on on " + type + ", "), output);
    }

    /** 192 CPUs are possible, and the process may use few of them. These get rings in advance. */
    @Test
    void makesRingsForNativeCodeOnThePermittedCpus(@TempDir Path temporary) throws Exception {
        assumeTrue(TraceTime.isCounter(), TraceTime::whyNoCounter);
        Path list = Files.writeString(temporary.resolve("possible"), "0-191\n");
        String output = Child.output(Map.of(), Child.unshared("--mount", "mount --bind '" + list
                + "' /sys/devices/system/cpu/possible && exec \"$@\"",
                Child.java(List.of(), ManyCpusChild.class, temporary.resolve("trace").toString())));
        int cpus = Runtime.getRuntime().availableProcessors();
        String[] words = output.strip().split(" ", -1);
        assertEquals("192", words[0], output);
        assertTrue(Integer.parseInt(words[1]) <= Math.min(cpus, 8) + 1, output);
    }

    /** The kernel refuses the last step of making a tracer. The results of the other steps are removed. */
    @Test
    void aTracerThatIsRefusedAtTheEndLeavesNothing(@TempDir Path folder) throws Exception {
        assertEquals("IllegalStateException\nfiles=[]\nsegments=[]\n", Child.output(Map.of(),
                Child.java(List.of(), ExitingChild.class, folder.toString())));
    }
}
