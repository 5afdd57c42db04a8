package io.github.rseq4j.trace;

import io.github.rseq4j.KernelException;
import io.github.rseq4j.kernel.SharedMemory;
import io.github.rseq4j.trace.common.TracerCounts;
import io.github.rseq4j.trace.ctf.Problem;
import io.github.rseq4j.trace.ctf.TraceDescription;
import io.github.rseq4j.trace.ctf.TraceReader;
import io.github.rseq4j.trace.file.RegularFile;
import io.github.rseq4j.trace.file.RingLock;
import io.github.rseq4j.trace.file.SafeFolder;
import io.github.rseq4j.trace.layout.PacketLayout;
import io.github.rseq4j.trace.layout.TraceFiles;
import io.github.rseq4j.trace.ring.RingFile;
import io.github.rseq4j.trace.ring.RingView;
import io.github.rseq4j.trace.ring.Rings;
import io.github.rseq4j.trace.ring.SharedRing;
import io.github.rseq4j.trace.ring.TraceRing;
import io.github.rseq4j.trace.stream.RingCopy;
import io.github.rseq4j.trace.stream.RingDrain;
import io.github.rseq4j.trace.stream.StreamOutput;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Completes the trace of a {@link Tracer} that was not closed, because its process was killed, crashed or could not
 * write. The events are in the rings, which are shared memory, until the machine or the container ends. Any thread may
 * call any method.
 *
 * @since 0.1.0
 */
public final class TraceRecovery {
    /* How it works
     *
     * The folder .rings has a small file for each ring, which names its shared memory. Nothing in the folder is
     * trusted. No link is followed. Files that are not a tracer's are reported and left. A segment is read and removed
     * only if it belongs to this user (or the reader is root), has the size that the file states, and holds the same
     * random number as the file.
     *
     * A tracer creates the folder, then the lock's file in it, then the files of the rings; closing removes them in
     * reverse order. So an empty folder belongs to a tracer that just starts or ends, and nothing is created in it.
     */
    private static final String METADATA_BESIDE = TraceFiles.METADATA + "_";
    private static final int LONGEST_BEGIN_BYTES = 32;
    private static final List<String> METADATA_BEGINS = List.of("/* CTF 1.8 */", "\u001e{\"type\":\"preamble\"");

    private final SafeFolder folder;
    private final TraceDescription trace;
    private final TracerCounts counts = new TracerCounts();
    private final List<String> problems = new ArrayList<>();
    private int rings;
    private int torn;
    private long discarded;

    private TraceRecovery(SafeFolder folder, TraceDescription trace) {
        this.folder = folder;
        this.trace = trace;
    }

    /**
     * The result of a recovery.
     *
     * @param rings the number of rings that were read
     * @param packets the number of packets that were written
     * @param bytes the number of bytes of these packets
     * @param discarded the number of events that full rings refused; the packets have this count, too
     * @param torn the number of sub-buffers that the process was opening when it ended; their former content, the
     *     oldest events of a flight recorder, is lost
     * @param problems the descriptions of what could not be recovered, each with the path of the file in the trace's
     *     folder; the files stay, except the files of rings that no longer exist
     * @since 0.1.0
     */
    public record Report(int rings, long packets, long bytes, long discarded, int torn, List<String> problems) {}

    /**
     * The state of the rings of a trace.
     *
     * @since 0.1.0
     */
    public enum Left {
        /** No rings: the tracer was closed, or its trace was recovered. */
        NOTHING,
        /** The rings of a running tracer: some of its events are not in the trace yet. */
        RUNNING,
        /** The rings of a tracer that no longer runs: {@link #recover} writes its events to the trace. */
        RINGS
    }

    /**
     * Returns the state of the rings of a trace.
     *
     * @param folder the folder of the trace: the folder of a tracer, or of one of its runs
     * @return the state
     * @throws IOException if the folder cannot be read
     */
    public static Left left(Path folder) throws IOException {
        try (SafeFolder opened = SafeFolder.open(folder)) {
            if (!opened.exists(TracerFolder.RINGS)) {
                return Left.NOTHING;
            }
            if (!opened.attributes(TracerFolder.RINGS).isDirectory()) {
                return Left.RINGS;
            }
            try (SafeFolder ringFolder = opened.folder(TracerFolder.RINGS)) {
                return RingLock.isHeld(ringFolder) ? Left.RUNNING
                        : ringFolder.names().isEmpty() ? Left.NOTHING : Left.RINGS;
            }
        } catch (NoSuchFileException _) {
            // The tracer was closed meanwhile.
            return Left.NOTHING;
        }
    }

    /**
     * Writes the events in the rings of a trace to its folder. Files that the tracer wrote before stay. The recovered
     * rings are removed.
     *
     * @param folder the folder of the trace: the folder of a tracer, or of one of its runs
     * @return the result
     * @throws IOException if there is nothing to recover, if the tracer still runs, or if the folder cannot be read or
     *     written
     */
    public static Report recover(Path folder) throws IOException {
        try (SafeFolder opened = SafeFolder.open(folder)) {
            if (!opened.exists(TracerFolder.RINGS)) {
                throw nothing(folder);
            }
            if (!opened.attributes(TracerFolder.RINGS).isDirectory()) {
                throw new FileSystemException(folder.resolve(TracerFolder.RINGS).toString(), null,
                        "is a link or no folder, and is left as it is: no tracer has made it");
            }
            try (SafeFolder ringFolder = opened.folder(TracerFolder.RINGS);
                    TraceReader reader = new TraceReader(folder)) {
                TraceDescription trace = reader.description();
                if (trace == null) {
                    throw new IOException(reader.problems().stream().map(Problem::toString).findFirst()
                            .orElse("the metadata cannot be read"));
                }
                return new TraceRecovery(opened, trace).recoverAll(ringFolder);
            }
        }
    }

    /** Adds the path of the file to a failure; some failures only have the name. */
    private static FileSystemException about(Path file, IOException e) {
        FileSystemException about = new FileSystemException(file.toString(), null, RegularFile.why(e));
        about.initCause(e);
        return about;
    }

    private static FileSystemException nothing(Path folder) {
        return new FileSystemException(folder.toString(), null,
                "there is nothing to recover: no tracer was left here, or its rings are gone");
    }

    private @Nullable RingLock hold(SafeFolder ringFolder) throws IOException {
        List<String> names = ringFolder.names();
        if (names.isEmpty()) {
            folder.deleteEmpty(TracerFolder.RINGS);
            throw nothing(folder.path());
        }
        try {
            return RingLock.tryHold(ringFolder, !names.contains(TracerFolder.LOCK));
        } catch (NoSuchFileException _) {
            // The tracer was closed meanwhile.
            throw nothing(folder.path());
        } catch (IOException e) {
            throw about(ringFolder.path().resolve(TracerFolder.LOCK), e);
        }
    }

    /** Returns the bytes of memory of the rings that a killed tracer left. */
    static long leftBytes(Path folder) throws IOException {
        try (SafeFolder opened = SafeFolder.open(folder); SafeFolder rings = opened.folder(TracerFolder.RINGS)) {
            return segments(rings).stream().mapToLong(name -> {
                try {
                    return RingFile.read(rings, name).bytes();
                } catch (IOException _) {
                    return 0;
                }
            }).sum();
        }
    }

    /** Returns the names of the files of rings that still exist and belong to this user. */
    private static List<String> segments(SafeFolder rings) throws IOException {
        List<String> found = new ArrayList<>();
        for (String name : rings.names()) {
            try {
                if (name.startsWith(Rings.FILE) && gone(RingFile.read(rings, name)) == null) {
                    found.add(name);
                }
            } catch (IOException _) {
                // Not a ring of this user.
            }
        }
        return found;
    }

    /**
     * Frees the memory of the rings that a killed tracer left; their events are lost. Segments that a process has
     * attached, or whose content does not match the file, stay.
     *
     * @param folder the folder of the trace
     * @return the number of bytes that were freed
     * @throws IOException if the tracer runs, or if the folder cannot be read or written
     */
    static long free(Path folder) throws IOException {
        try (SafeFolder opened = SafeFolder.open(folder); SafeFolder rings = opened.folder(TracerFolder.RINGS);
                RingLock lock = RingLock.tryHold(rings, false)) {
            if (lock == null) {
                throw new FileSystemException(folder.toString(), null, "the tracer runs");
            }
            long bytes = 0;
            for (String name : segments(rings)) {
                RingFile file = RingFile.read(rings, name);
                if (SharedRing.remove(file)) {
                    bytes += file.bytes();
                }
            }
            return bytes;
        }
    }

    private Report recoverAll(SafeFolder ringFolder) throws IOException {
        try (RingLock lock = hold(ringFolder)) {
            if (lock == null) {
                throw stillRuns();
            }
            for (String name : ringFolder.names()) {
                try {
                    recoverFile(ringFolder, name);
                } catch (IOException | KernelException | IllegalArgumentException | ArithmeticException e) {
                    problems.add(place(name) + RegularFile.why(e));
                }
            }
            remove(ringFolder);
        }
        return new Report(rings, counts.packets.sum(), counts.bytes.sum(), discarded, torn, List.copyOf(problems));
    }

    private IOException stillRuns() {
        return new FileSystemException(folder.path().toString(), null, "the tracer still runs, pid="
                + trace.environment().get("pid") + ": close it, or ask it for a snapshot");
    }

    private static String place(String name) {
        return TracerFolder.RINGS + "/" + name + ": ";
    }

    /** Removes the rings' folder, unless something is left in it. */
    private void remove(SafeFolder ringFolder) throws IOException {
        if (ringFolder.names().equals(List.of(TracerFolder.LOCK))) {
            ringFolder.delete(TracerFolder.LOCK);
            folder.deleteEmpty(TracerFolder.RINGS);
        }
    }

    private void recoverFile(SafeFolder ringFolder, String name) throws IOException {
        if (name.startsWith(Rings.FILE)) {
            recoverRing(ringFolder, name);
        } else if (name.startsWith(METADATA_BESIDE)) {
            // Metadata that the process wrote but did not rename.
            // The process may have ended before it wrote the whole beginning.
            String found = new String(ringFolder.read(name, LONGEST_BEGIN_BYTES), StandardCharsets.ISO_8859_1);
            if (METADATA_BEGINS.stream().noneMatch(begin -> begin.startsWith(found) || found.startsWith(begin))) {
                throw new IOException("is no metadata, and is left as it is");
            }
            ringFolder.delete(name);
        } else if (!name.equals(TracerFolder.LOCK)) {
            throw new IOException("no tracer has made this, and it is left as it is");
        }
    }

    private void recoverRing(SafeFolder ringFolder, String name) throws IOException {
        if (ringFolder.attributes(name).isRegularFile() && ringFolder.attributes(name).size() == 0) {
            // The process ended while it created the ring: the ring has no events.
            ringFolder.delete(name);
            return;
        }
        RingFile file = RingFile.read(ringFolder, name);
        if (!file.uuid().equals(trace.uuid())) {
            throw new IOException("uuid=" + file.uuid() + ": another trace's ring");
        }
        String gone = gone(file);
        if (gone != null) {
            problems.add(place(name) + gone);
            ringFolder.delete(name);
            return;
        }
        boolean isWritten = true;
        try (SharedRing ring = SharedRing.open(file)) {
            if (ring != null) {
                check(ring);
                isWritten = isRecovered(ring);
            }
            if (isWritten) {
                // While the segment is attached, no other segment has its number.
                SharedMemory.remove(file.id());
            }
        }
        if (isWritten) {
            ringFolder.delete(name);
        }
    }

    /** Writes the events of a ring. If that fails, reports it and returns false; the ring stays. */
    private boolean isRecovered(SharedRing ring) {
        try {
            recover(ring);
        } catch (IOException e) {
            String named = e instanceof FileSystemException f ? f.getFile() : null;
            Path file = Path.of(named == null ? TraceFiles.CHANNEL + ring.index() : named).getFileName();
            problems.add(file + ": " + RegularFile.why(e) + ": what is in " + TracerFolder.RINGS + "/" + Rings.FILE
                    + ring.index() + " is left there");
            return false;
        }
        rings++;
        discarded += ring.get(TraceRing.DISCARDED);
        return true;
    }

    /** Returns why the ring of a file no longer exists, or null if it does. */
    private static @Nullable String gone(RingFile file) throws IOException {
        if (file.id() == RingFile.OF_PROCESS) {
            return "the kernel had refused shared memory, so this ring was in memory of its process: what it held and"
                    + " was not in a file is gone, and nobody knows how many events";
        }
        if (file.id() == RingFile.OF_HEAP) {
            return "rseq was not available, so this ring was in the heap of its process: what it held and was not in a"
                    + " file is gone, and nobody knows how many events";
        }
        RingFile.Place here = RingFile.Place.here();
        if (!file.place().boot().equals(here.boot())) {
            return "the machine was started anew since: what this ring held is gone";
        }
        if (!file.place().namespace().equals(here.namespace())) {
            throw new IOException("namespace=" + file.place().namespace() + ": its memory belongs to another container"
                    + " or namespace than " + here.namespace() + ": recover there, if that still runs");
        }
        SharedMemory.Status status = SharedMemory.status(file.id());
        int user = SharedMemory.user();
        if (status == null) {
            return "shmid=" + file.id() + ": the segment was removed: what this ring held is gone";
        }
        if (user != 0 && (status.uid() != user || status.creator() != user)) {
            throw new IOException("shmid=" + file.id() + ": is the segment of user " + status.uid()
                    + ": recover as that user");
        }
        if (status.bytes() != file.bytes() || !SharedRing.holds(file)) {
            return "shmid=" + file.id() + ": is another segment by now: what this ring held is gone";
        }
        return null;
    }

    private void recover(SharedRing ring) throws IOException {
        if (!ring.isDiscarding()) {
            recoverOverwritten(ring);
            return;
        }
        try (RingDrain drain = new RingDrain(ring, new StreamOutput(folder, trace.uuid(), ring.index(), ring.files()),
                counts)) {
            drain.drain(true);
            drain.cut();
        }
    }

    private void recoverOverwritten(SharedRing ring) throws IOException {
        RingCopy copy = RingCopy.of(ring, false);
        torn += copy.torn();
        copy.writeTo(folder, trace.uuid(), ring.index(), counts);
    }

    /** Checks the words of a ring that reading relies on. */
    private void check(SharedRing ring) throws IOException {
        long position = ring.get(TraceRing.POSITION);
        RingView.Progress progress = ring.progress();
        long flushed = ring.isDiscarding() ? progress.flushed() : PacketLayout.RECORDS;
        boolean isAhead = !ring.isPosition(position);
        boolean isBehind = flushed < PacketLayout.RECORDS || flushed > PacketLayout.aligned(position)
                || ring.isDiscarding() && ring.begin(position) - ring.begin(flushed) >= ring.ringBytes();
        if (isAhead || isBehind || progress.file() < 0 || progress.fileBytes() < 0) {
            throw new IOException("offset " + TraceRing.POSITION + ": position=" + position + " flushed=" + flushed
                    + " file=" + progress.file() + " fileBytes=" + progress.fileBytes() + ": cannot be");
        }
        if (PacketLayout.cpu(ring.index()) >= trace.indexCount()) {
            throw new IOException("index=" + ring.index() + ": the trace has " + trace.indexCount());
        }
    }
}
