package io.github.rseq4j.trace;

import io.github.rseq4j.engine.TraceRing;
import io.github.rseq4j.trace.ctf.PacketLayout;
import io.github.rseq4j.trace.ctf.Problem;
import io.github.rseq4j.trace.ctf.TraceDescription;
import io.github.rseq4j.trace.ctf.TraceReader;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Turns what a {@link Tracer} left that was not closed, because its process was killed, crashed or could not write,
 * into a whole trace. What was committed to a ring is there: the rings are files.
 */
public final class TraceRecovery {
    private final Path folder;
    private final TraceDescription trace;
    private final TracerCounts counts = new TracerCounts();
    private final List<String> problems = new ArrayList<>();
    private int rings;
    private int torn;
    private long discarded;

    private TraceRecovery(Path folder, TraceDescription trace) {
        this.folder = folder;
        this.trace = trace;
    }

    /**
     * What was recovered.
     *
     * @param rings how many rings were read
     * @param packets how many packets were written from them
     * @param bytes how many bytes these have
     * @param discarded how many events found no room in the rings, and are counted in the packets
     * @param torn how many sub-buffers the process was just opening: what they held before was the oldest of a flight
     *     recorder, and is gone
     * @param problems what could not be recovered, with file and offset; those files are left
     */
    public record Report(int rings, long packets, long bytes, long discarded, int torn, List<String> problems) {}

    /**
     * Recovers a trace, in its own folder. What was streamed to files before stays; rings that were recovered are
     * removed.
     *
     * @param folder the folder that the tracer was made with
     * @return what was recovered
     * @throws IOException when there is nothing to recover, when the tracer still runs, or when the folder cannot be
     *     read or written
     */
    public static Report recover(Path folder) throws IOException {
        Path ringFolder = folder.resolve(Tracer.RINGS);
        if (!Files.isDirectory(ringFolder)) {
            throw new IOException(ringFolder + ": offset 0: there is nothing to recover: no tracer was left here, or"
                    + " its rings are gone");
        }
        try (TraceReader reader = new TraceReader(folder)) {
            TraceDescription trace = reader.description();
            if (trace == null) {
                throw new IOException(reader.problems().stream().map(Problem::toString).findFirst()
                        .orElse("the metadata cannot be read"));
            }
            return new TraceRecovery(folder, trace).recoverAll(ringFolder);
        }
    }

    private Report recoverAll(Path ringFolder) throws IOException {
        Path lockPath = ringFolder.resolve(Tracer.LOCK);
        try (FileChannel lockFile = FileChannel.open(lockPath, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                FileLock lock = lockFile.tryLock()) {
            if (lock == null) {
                throw stillRuns();
            }
            for (Path file : ringFiles(ringFolder)) {
                recoverRing(file);
            }
            if (problems.isEmpty()) {
                remove(ringFolder, lockPath);
            }
        } catch (OverlappingFileLockException e) {
            throw stillRuns();
        }
        return new Report(rings, counts.packets.sum(), counts.bytes.sum(), discarded, torn, List.copyOf(problems));
    }

    private IOException stillRuns() {
        return new IOException(folder + ": the tracer still runs, pid=" + trace.environment().get("pid")
                + ": close it, or ask it for a snapshot");
    }

    private static List<Path> ringFiles(Path ringFolder) throws IOException {
        try (Stream<Path> files = Files.list(ringFolder)) {
            return files.filter(file -> String.valueOf(file.getFileName()).startsWith(Rings.FILE)).sorted().toList();
        }
    }

    /**
     * Removes a folder of rings, and the link to it.
     *
     * @param ringFolder the folder, or the link
     * @param lock the file that was locked
     * @throws IOException when something cannot be removed
     */
    static void remove(Path ringFolder, Path lock) throws IOException {
        Path real = ringFolder.toRealPath();
        Files.deleteIfExists(lock);
        try (Stream<Path> left = Files.list(real)) {
            for (Path file : left.toList()) {
                // Metadata that was not put in its place any more.
                Files.delete(file);
            }
        }
        Files.delete(real);
        if (Files.exists(ringFolder, LinkOption.NOFOLLOW_LINKS)) {
            Files.delete(ringFolder);
        }
    }

    private void recoverRing(Path file) throws IOException {
        if (!MappedRing.hasBegun(file)) {
            // The process ended while it made the ring: nothing was recorded there.
            Files.delete(file);
            return;
        }
        try (MappedRing ring = MappedRing.open(file, trace.uuid())) {
            check(ring);
            if (ring.isDiscarding()) {
                try (RingDrain drain = new RingDrain(ring, new StreamOutput(folder, trace.uuid(), ring.index(),
                        ring.files()), counts)) {
                    drain.drain(true);
                    drain.cut();
                }
            } else {
                recoverOverwritten(ring);
            }
            rings++;
            discarded += ring.get(TraceRing.DISCARDED);
        } catch (IOException | IllegalArgumentException | ArithmeticException e) {
            problems.add(file.getFileName() + ": " + e.getMessage());
            return;
        }
        Files.delete(file);
    }

    private void recoverOverwritten(MappedRing ring) throws IOException {
        RingCopy copy = RingCopy.of(ring, false);
        torn += copy.torn();
        copy.writeTo(folder, trace.uuid(), ring.index(), counts);
    }

    /** Checks what the reading of the ring relies on. */
    private void check(MappedRing ring) throws IOException {
        long position = ring.get(TraceRing.POSITION);
        RingView.Progress progress = ring.progress();
        long flushed = ring.isDiscarding() ? progress.flushed() : TraceRing.RECORDS;
        boolean isAhead = position < TraceRing.RECORDS || position > Long.MAX_VALUE - 2 * ring.ringBytes()
                || position - ring.begin(position) < TraceRing.RECORDS;
        boolean isBehind = flushed < TraceRing.RECORDS || flushed > PacketLayout.aligned(position)
                || ring.isDiscarding() && ring.begin(position) - ring.begin(flushed) >= ring.ringBytes();
        if (isAhead || isBehind || progress.file() < 0 || progress.fileBytes() < 0) {
            throw new IOException("offset " + TraceRing.POSITION + ": position=" + position + " flushed=" + flushed
                    + " file=" + progress.file() + " fileBytes=" + progress.fileBytes() + ": cannot be");
        }
        if (ring.index() >= trace.indexCount()) {
            throw new IOException("index=" + ring.index() + ": the trace has " + trace.indexCount());
        }
    }
}
