package io.github.rseq4j.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.kernel.SharedMemory;
import io.github.rseq4j.trace.TraceRecovery.Left;
import io.github.rseq4j.trace.layout.TraceFiles;
import io.github.rseq4j.trace.ring.RingFile;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A service that is killed again and again, in a folder for each run: the memory that its runs leave has a bound. */
final class LeftRunsTest {
    private static final int MANY = LeftRuns.MAX_UNRECOVERED + 3;

    @TempDir
    private Path folder = Path.of("");
    private final List<LeftTrace> runs = new ArrayList<>();
    private final List<Integer> ids = new ArrayList<>();

    @AfterEach
    void forget() {
        ids.forEach(SharedMemory::remove);
    }

    private void leave(int count) throws IOException {
        for (int run = 1; run <= count; run++) {
            LeftTrace left = LeftTrace.make(run == 1 ? folder : TraceFiles.run(folder, run), run % 2 == 0);
            runs.add(left);
            ids.add(left.ring(0).id());
            ids.add(left.ring(1).id());
        }
    }

    private static boolean isThere(LeftTrace left, int ring) throws IOException {
        return SharedMemory.status(left.ring(ring).id()) != null;
    }

    /** Lets nothing be recovered, as a full disk does. */
    private void blockStreams() throws IOException {
        for (LeftTrace left : runs) {
            Files.createDirectory(left.folder.resolve("channel_0"));
            Files.createDirectory(left.folder.resolve("channel_1"));
        }
    }

    @Test
    void theNewestKeepTheirsAndTheOthersAreRecovered() throws IOException {
        leave(LeftRuns.MAX_KEPT);
        try (Tracer tracer = Tracer.streaming(folder, LeftTrace.OPTIONS)) {
            assertEquals(TraceFiles.run(folder, LeftRuns.MAX_KEPT + 1), tracer.folder());
            assertEquals(0, tracer.stats().failures(), () -> tracer.stats().toString());
        }
        for (LeftTrace left : runs) {
            assertEquals(Left.RINGS, TraceRecovery.left(left.folder), left.folder + " is kept");
        }
        Path newest = TraceFiles.run(folder, LeftRuns.MAX_KEPT + 2);
        runs.add(LeftTrace.make(newest, true));
        try (Tracer tracer = Tracer.flightRecorder(folder, LeftTrace.OPTIONS)) {
            assertEquals(0, tracer.stats().failures(), () -> tracer.stats().toString());
        }
        assertEquals(Left.NOTHING, TraceRecovery.left(folder));
        assertEquals(LeftTrace.RINGS * LeftTrace.EVENTS, TracerTest.read(folder, 0).size(), "it is all in its trace");
        assertEquals(null, SharedMemory.status(ids.get(0)));
        assertEquals(null, SharedMemory.status(ids.get(1)));
        for (LeftTrace left : runs.subList(1, runs.size())) {
            assertEquals(Left.RINGS, TraceRecovery.left(left.folder));
            assertTrue(isThere(left, 0) && isThere(left, 1));
            left.forget();
        }
    }

    @Test
    void whatCannotBeRecoveredIsFreedBeyondABoundAndTold() throws IOException {
        leave(MANY);
        blockStreams();
        int freed = MANY - LeftRuns.MAX_UNRECOVERED;
        try (Tracer tracer = Tracer.streaming(folder, LeftTrace.OPTIONS)) {
            TracerStats stats = tracer.stats();
            // Two streams of each that was tried, and each that was freed.
            assertEquals(2L * (MANY - LeftRuns.MAX_KEPT) + freed, stats.failures(), stats::toString);
            assertTrue(String.valueOf(stats.lastFailure()).contains(TraceFiles.run(folder, freed)
                    + ": the run was killed and could not be recovered, and its rings of "), stats::toString);
        }
        for (int i = 0; i < MANY; i++) {
            assertEquals(i >= freed, isThere(runs.get(i), 0), "run " + (i + 1));
            assertEquals(i >= freed, isThere(runs.get(i), 1), "run " + (i + 1));
        }
        List<String> problems = TraceRecovery.recover(folder).problems();
        assertTrue(problems.size() == 2 && problems.stream().allMatch(each -> each.contains("the segment was removed")),
                problems::toString);
    }

    /** Neither what a process has attached, nor a segment that is not what its file says. */
    @Test
    void nothingIsFreedThatIsNotOursAndDead() throws IOException {
        leave(MANY);
        blockStreams();
        RingFile attached = runs.get(0).ring(0);
        RingFile other = runs.get(1).ring(0);
        Files.writeString(runs.get(1).file(0), new RingFile(other.id(), other.cookie() + 1, other.uuid(), other.bytes(),
                other.place()).text());
        try (Arena arena = Arena.ofConfined()) {
            SharedMemory.attach(attached.id(), attached.bytes(), true, arena);
            Tracer.streaming(folder, LeftTrace.OPTIONS).close();
            assertTrue(SharedMemory.status(attached.id()) != null, "somebody has it attached");
            assertTrue(SharedMemory.status(other.id()) != null, "it is another one");
            assertTrue(!isThere(runs.get(0), 1) && !isThere(runs.get(1), 1) && !isThere(runs.get(2), 0));
            assertTrue(isThere(runs.get(3), 0));
        }
    }
}
