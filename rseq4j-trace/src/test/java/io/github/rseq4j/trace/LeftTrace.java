package io.github.rseq4j.trace;

import io.github.rseq4j.kernel.SharedMemory;
import io.github.rseq4j.trace.common.TracerCounts;
import io.github.rseq4j.trace.ctf.TraceFormat;
import io.github.rseq4j.trace.file.SafeFolder;
import io.github.rseq4j.trace.ring.MadeRing;
import io.github.rseq4j.trace.ring.RingFile;
import io.github.rseq4j.trace.ring.Rings;
import io.github.rseq4j.trace.ring.SharedRing;
import io.github.rseq4j.trace.stream.TraceMetadata;
import io.github.rseq4j.trace.thread.TracedThreads;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.function.Consumer;

/**
 * The files and rings of a killed process, made by this process: metadata, a lock file that is not locked, and rings.
 */
final class LeftTrace {
    static final TracerOptions OPTIONS = TracerOptions.defaults().withSubBuffers(MadeRing.SUB, MadeRing.COUNT);
    /** The number of rings. */
    static final int RINGS = 2;
    static final int EVENTS = 6;

    final Path folder;
    final UUID uuid = UUID.randomUUID();

    private LeftTrace(Path folder) {
        this.folder = folder;
    }

    /**
     * Makes it.
     *
     * @param folder the trace's
     * @param isDiscarding whether it is a stream's, or a flight recorder's
     */
    static LeftTrace make(Path folder, boolean isDiscarding) throws IOException {
        return make(folder, isDiscarding, TraceFormat.CTF_1_8);
    }

    static LeftTrace make(Path folder, boolean isDiscarding, TraceFormat format) throws IOException {
        LeftTrace left = new LeftTrace(folder);
        TracerFolder files = TracerFolder.make(folder, TracerOptions.ExistingTrace.NEW_FOLDER);
        TracerCounts counts = new TracerCounts();
        new TraceMetadata(files.trace(), files.rings(), left.uuid, format, !isDiscarding,
                new TracedThreads(counts), counts)
                .add(List.of(TracerTest.TWO));
        for (int index = 0; index < RINGS; index++) {
            try (SharedRing ring = SharedRing.create(files.rings(), left.uuid, index, OPTIONS.sizes(), isDiscarding)) {
                ring.start(1);
                MadeRing.fill(ring, 0, EVENTS - 1);
            }
        }
        files.finish(false);
        return left;
    }

    /** Returns the folder of the rings' files. */
    Path rings() {
        return folder.resolve(TracerFolder.RINGS);
    }

    /** Returns a ring's file. */
    Path file(int index) {
        return rings().resolve(Rings.FILE + index);
    }

    /** Returns what a ring's file says. */
    RingFile ring(int index) throws IOException {
        try (SafeFolder opened = SafeFolder.open(rings())) {
            return RingFile.read(opened, Rings.FILE + index);
        }
    }

    /** Writes to a ring's memory as anybody of the same user can. */
    void garble(int index, Consumer<MemorySegment> how) throws IOException {
        RingFile file = ring(index);
        try (Arena arena = Arena.ofConfined()) {
            how.accept(SharedMemory.attach(file.id(), file.bytes(), false, arena));
        }
    }

    /** Removes the rings' memory, of a test that does not recover it. */
    void forget() throws IOException {
        for (int index = 0; index < RINGS; index++) {
            if (Files.exists(file(index))) {
                SharedMemory.remove(ring(index).id());
            }
        }
    }
}
