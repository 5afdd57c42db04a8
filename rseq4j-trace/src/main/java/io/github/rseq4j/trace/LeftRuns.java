package io.github.rseq4j.trace;

import io.github.rseq4j.KernelException;
import io.github.rseq4j.trace.layout.TraceFiles;
import io.github.rseq4j.trace.ring.Rings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** The rings of killed runs in the folder of a starting tracer. Used by one thread. */
final class LeftRuns {
    /* How it works
     *
     * Only recovery frees the rings of a killed run. So a starting tracer looks at the earlier runs in its folder. The
     * newest MAX_KEPT killed runs keep their memory. Older ones are recovered, the oldest first; their events are
     * written to their folders, and nothing is lost. If recovery fails, for example because the disk is full, up to
     * MAX_UNRECOVERED runs keep their memory. Beyond that number the memory of the oldest run is freed, and reported.
     */
    /** The number of killed runs of a folder that keep their memory. */
    static final int MAX_KEPT = 4;
    /** The number of killed runs that keep their memory if they cannot be recovered. */
    static final int MAX_UNRECOVERED = 2 * MAX_KEPT;

    private final Path folder;
    private final List<IOException> failures = new ArrayList<>();

    /**
     * Creates an object for a folder, without looking at it.
     *
     * @param folder the folder of the first run, which contains the folders of later runs
     */
    LeftRuns(Path folder) {
        this.folder = folder;
    }

    /** Returns the failures, and reports of lost events. */
    List<IOException> failures() {
        return List.copyOf(failures);
    }

    /** Returns the folders of all runs, the oldest first. */
    private List<Path> runs() throws IOException {
        List<Path> folders = new ArrayList<>(List.of(folder));
        TraceFiles.runs(folder).forEach(run -> folders.add(TraceFiles.run(folder, run)));
        return folders;
    }

    /**
     * Recovers all killed runs.
     *
     * @throws IOException if the folder cannot be read
     */
    void recover() throws IOException {
        for (Path run : runs()) {
            recover(run);
        }
    }

    private void recover(Path run) {
        try {
            if (TraceRecovery.left(run) == TraceRecovery.Left.RINGS) {
                TraceRecovery.recover(run).problems()
                        .forEach(problem -> failures.add(new IOException(run + "/" + problem)));
            }
        } catch (IOException e) {
            // No failure if a tracer was just starting and has its lock now, or ended meanwhile and left nothing.
            if (hasRings(run)) {
                failures.add(e);
            }
        }
    }

    private static boolean hasRings(Path run) {
        try (Stream<Path> files = Files.list(run.resolve(TracerFolder.RINGS))) {
            return TraceRecovery.left(run) == TraceRecovery.Left.RINGS
                    && files.anyMatch(file -> String.valueOf(file.getFileName()).startsWith(Rings.FILE));
        } catch (NoSuchFileException _) {
            return false;
        } catch (IOException _) {
            // A folder that cannot be read is reported.
            return true;
        }
    }

    /** Limits the number of runs that keep memory. */
    void bound() {
        try {
            List<Path> kept = holding(runs());
            for (int i = 0; i < kept.size() - MAX_KEPT; i++) {
                recover(kept.get(i));
            }
            kept = kept.size() <= MAX_KEPT ? kept : holding(kept);
            for (int i = 0; i < kept.size() - MAX_UNRECOVERED; i++) {
                free(kept.get(i));
            }
        } catch (IOException e) {
            failures.add(e);
        }
    }

    /** Returns the runs whose rings are in memory. */
    private static List<Path> holding(List<Path> runs) {
        return runs.stream().filter(run -> {
            try {
                return TraceRecovery.left(run) == TraceRecovery.Left.RINGS && TraceRecovery.leftBytes(run) > 0;
            } catch (IOException | KernelException _) {
                // A folder that cannot be read cannot be freed.
                return false;
            }
        }).toList();
    }

    private void free(Path run) {
        try {
            long bytes = TraceRecovery.free(run);
            if (bytes == 0) {
                throw new IOException("a process has them attached");
            }
            failures.add(new IOException(run + ": the run was killed and could not be recovered, and its rings of "
                    + bytes + " bytes were freed, because " + MAX_UNRECOVERED + " later ones are left as well: recover"
                    + " them with `rseq4j trace recover`, or remove their folders after that"));
        } catch (IOException | KernelException e) {
            failures.add(new IOException(run + ": its rings cannot be freed: " + e.getMessage(), e));
        }
    }
}
