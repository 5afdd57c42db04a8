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
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Turns what a {@link Tracer} left that was not closed, because its process was killed, crashed or could not write,
 * into a whole trace. What was committed to a ring is there, as long as the machine, or the container, was not ended:
 * the rings are shared memory.
 */
public final class TraceRecovery {
    /* How it works
     *
     * The folder .rings has a small file for each ring, which names its memory. Of all that is in the folder nothing is
     * believed: no link is followed, and what is no regular file of ours is told and left. A segment is read, and
     * removed, if it is this user's (or the reader is root), as long as the file says, and holds the number that the
     * file has, which was drawn by lot.
     *
     * A tracer makes the folder, the lock's file in it, and then the rings' files; when it is closed it removes them in
     * the opposite order. So where the folder is empty a tracer is just beginning or ending: nothing is made there.
     */
    private static final String METADATA_BESIDE = TraceFiles.METADATA + "_";
    private static final byte[] METADATA_BEGIN = "/* CTF 1.8 */".getBytes(StandardCharsets.US_ASCII);

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
     * What was recovered.
     *
     * @param rings how many rings were read
     * @param packets how many packets were written from them
     * @param bytes how many bytes these have
     * @param discarded how many events found no room in the rings, and are counted in the packets
     * @param torn how many sub-buffers the process was just opening: what they held before was the oldest of a flight
     *     recorder, and is gone
     * @param problems what could not be recovered, each with the file's path in the trace's folder; those files are
     *     left, but for those of rings that are gone for good
     */
    public record Report(int rings, long packets, long bytes, long discarded, int torn, List<String> problems) {}

    /** What a tracer has left in a trace's folder beside the trace. */
    public enum Left {
        /** Nothing: it was closed, or what it left was recovered. */
        NOTHING,
        /** The files of a tracer that runs: a part of its events is not in the trace yet. */
        RUNNING,
        /** The files of a tracer that does not run any more: {@link #recover} puts its events into the trace. */
        RINGS
    }

    /**
     * Tells what a tracer has left in a trace's folder.
     *
     * @param folder the folder that the tracer was made with, or of one of its runs
     * @return what it has left
     * @throws IOException when the folder cannot be read
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
            // It was closed meanwhile.
            return Left.NOTHING;
        }
    }

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

    /** Says which file something is about; the system names some of them by their name alone. */
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

    /** Returns how much memory the rings take that a killed tracer has left, or more than 0 where they are garbled. */
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

    /** Returns the names of the files of rings that are there, and are the user's. */
    private static List<String> segments(SafeFolder rings) throws IOException {
        List<String> found = new ArrayList<>();
        for (String name : rings.names()) {
            try {
                if (name.startsWith(Rings.FILE) && gone(RingFile.read(rings, name)) == null) {
                    found.add(name);
                }
            } catch (IOException _) {
                // It leads to nothing that is ours.
            }
        }
        return found;
    }

    /**
     * Gives the memory back of the rings that a killed tracer has left, and what is in them up. What is attached by any
     * process, or does not hold what its file says, stays.
     *
     * @param folder the trace's
     * @return how many bytes were given back
     * @throws IOException when the tracer runs, or the folder cannot be read or written
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
            // Metadata that was not put in its place any more.
            byte[] begin = ringFolder.read(name, METADATA_BEGIN.length);
            if (!Arrays.equals(METADATA_BEGIN, 0, begin.length, begin, 0, begin.length)) {
                throw new IOException("is no metadata, and is left as it is");
            }
            ringFolder.delete(name);
        } else if (!name.equals(TracerFolder.LOCK)) {
            throw new IOException("no tracer has made this, and it is left as it is");
        }
    }

    private void recoverRing(SafeFolder ringFolder, String name) throws IOException {
        if (ringFolder.attributes(name).isRegularFile() && ringFolder.attributes(name).size() == 0) {
            // The process ended while it made the ring: nothing was recorded there.
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
                // While it is attached its number is nobody else's.
                SharedMemory.remove(file.id());
            }
        }
        if (isWritten) {
            ringFolder.delete(name);
        }
    }

    /** Writes what a ring holds; a stream that cannot be written is told, and the ring is left then. */
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

    /** Returns why there is nothing any more that a file could lead to, or null when there is. */
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

    /** Checks what the reading of the ring relies on. */
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
        if (ring.index() >= trace.indexCount()) {
            throw new IOException("index=" + ring.index() + ": the trace has " + trace.indexCount());
        }
    }
}
