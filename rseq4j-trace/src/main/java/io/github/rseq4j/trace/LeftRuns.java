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

/** What runs have left that were killed, in the folder of a tracer that begins. One thread. */
final class LeftRuns {
    /* How it works
     *
     * The rings of a killed run are memory that nothing but recovery gives back. So a tracer that begins looks at the
     * runs before it in its folder. The newest few keep their memory. Older ones are recovered, oldest first, which
     * writes what they hold to their own folders and loses nothing. Where that fails, on a full disk for one, they are
     * kept up to twice that number; then the oldest one's memory is freed, and that is told.
     */
    /** How many killed runs of a folder keep their memory. */
    static final int MAX_KEPT = 4;
    /** How many keep it while they cannot be recovered. */
    static final int MAX_UNRECOVERED = 2 * MAX_KEPT;

    private final Path folder;
    private final List<IOException> failures = new ArrayList<>();

    /**
     * Makes it; nothing is looked at yet.
     *
     * @param folder the folder of the first run, in which those of the others are
     */
    LeftRuns(Path folder) {
        this.folder = folder;
    }

    /** Returns what could not be done, or was lost. */
    List<IOException> failures() {
        return List.copyOf(failures);
    }

    /** Returns the folders of all runs, from the oldest on. */
    private List<Path> runs() throws IOException {
        List<Path> folders = new ArrayList<>(List.of(folder));
        TraceFiles.runs(folder).forEach(run -> folders.add(TraceFiles.run(folder, run)));
        return folders;
    }

    /**
     * Recovers what was left of all runs.
     *
     * @throws IOException when the folder cannot be read
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
            // A tracer that was just starting has its lock by now, and one that ended meanwhile left nothing.
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
            // What cannot be looked at is told.
            return true;
        }
    }

    /** Lets no more runs than a few keep memory. */
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

    /** Returns those of some runs whose rings are in memory that only recovery gives back. */
    private static List<Path> holding(List<Path> runs) {
        return runs.stream().filter(run -> {
            try {
                return TraceRecovery.left(run) == TraceRecovery.Left.RINGS && TraceRecovery.leftBytes(run) > 0;
            } catch (IOException | KernelException _) {
                // What cannot be looked at cannot be freed.
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
