package io.github.rseq4j.cli.trace;

import io.github.rseq4j.analysis.Trace;
import io.github.rseq4j.analysis.UnreadableTraceException;
import io.github.rseq4j.analysis.text.Printable;
import io.github.rseq4j.cli.io.ExitStatus;
import io.github.rseq4j.cli.io.InputException;
import io.github.rseq4j.cli.io.Interrupt;
import io.github.rseq4j.cli.io.Progress;
import io.github.rseq4j.trace.TraceRecovery;
import io.github.rseq4j.trace.ctf.Problem;
import io.github.rseq4j.trace.ctf.TraceCopy;
import io.github.rseq4j.trace.ctf.TraceDescription;
import io.github.rseq4j.trace.ctf.TraceEvent;
import io.github.rseq4j.trace.ctf.TracePacket;
import io.github.rseq4j.trace.ctf.TraceReader;
import io.github.rseq4j.trace.ctf.TraceWriter;
import io.github.rseq4j.trace.file.RegularFile;
import io.github.rseq4j.trace.layout.TraceFiles;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A trace that a command reads, with the reports of its problems and of its other runs. */
final class TraceInput implements AutoCloseable {
    private static final int SHOWN_RUNS = 10;
    private static final String STILL_RUNS = "the tracer still runs";
    private static final String ONLY_SNAPSHOTS = "it was a flight recorder, which writes events only to snapshots"
            + " (Tracer.snapshot), and there are none in this folder: give the folder of a snapshot with events";

    private final Path folder;
    private TraceRecovery.@Nullable Left left;
    private final @Nullable Trace trace;
    private List<Problem> problems = List.of();
    private long problemCount;
    private TraceCopy.@Nullable Report copied;
    private final List<String> notes = new ArrayList<>();
    private Progress progress = Progress.none();
    private @Nullable Interrupt interrupt;

    /**
     * Opens a trace.
     *
     * @param folder the path that the user gave
     * @throws InputException if there is no such folder
     */
    TraceInput(Path folder) {
        this(folder, _ -> {});
    }

    /**
     * Opens a trace, and reports its packets.
     *
     * @param folder the path that the user gave
     * @param packets receives each packet before its events
     * @throws InputException if there is no such folder
     */
    TraceInput(Path folder, Consumer<? super TracePacket> packets) {
        if (!Files.isDirectory(folder)) {
            throw new InputException("DIR=" + Printable.name(folder.toString())
                    + ": is not a folder; give the folder that holds the trace's metadata");
        }
        this.folder = folder;
        this.left = left();
        this.trace = open(packet -> {
            packets.accept(packet);
            progress.add(packet.packetBytes(), "");
        });
        noteLeft();
        runs(folder).ifPresent(notes::add);
    }

    /**
     * Prepares to end the reading at Ctrl-C: the trace then seems to end there, so that the command prints what was
     * read so far. {@link #finish} says so.
     *
     * @return this
     */
    TraceInput stoppable() {
        if (trace != null) {
            interrupt = new Interrupt(trace::stop);
        }
        return this;
    }

    /**
     * Begins to show on a terminal how much of the trace is read.
     *
     * @return the progress; the caller must close it before it prints
     */
    Progress progress() {
        progress = Progress.ofBytes("reading", bytes());
        return progress;
    }

    /** Returns the bytes of the trace's files. A file that cannot be read counts nothing; the reader reports it. */
    private long bytes() {
        try (Stream<Path> files = Files.list(folder)) {
            return files.mapToLong(file -> file.toFile().length()).sum();
        } catch (IOException | UncheckedIOException _) {
            return 0;
        }
    }

    /** Notes whether the trace is complete. */
    private void noteLeft() {
        if (left == TraceRecovery.Left.RINGS) {
            notes.add("the tracer was not closed, and events that it had not written are in .rings: run"
                    + " `rseq4j trace recover DIR` and read it again");
        } else if (left == TraceRecovery.Left.RUNNING) {
            notes.add(STILL_RUNS
                    + (trace == null ? "" : ", pid=" + trace.description().environment().get("pid"))
                    + ": the output is what it has written so far; a flight recorder writes only snapshots");
        } else if (left == TraceRecovery.Left.NOTHING && isOnlySnapshots()) {
            notes.add(ONLY_SNAPSHOTS);
        }
    }

    /** Tells whether this is the folder of a flight recorder: the trace has no stream. */
    private boolean isOnlySnapshots() {
        return trace != null && trace.streams().isEmpty()
                && "flight recorder".equals(trace.description().environment().get("mode"));
    }

    /**
     * Prepares to follow the trace: its reader sees new events until the tracer ends, so that nothing is missing.
     *
     * @throws InputException if its tracer is or was a flight recorder, which writes no stream
     */
    void follow() {
        if (isOnlySnapshots() && left == TraceRecovery.Left.RUNNING) {
            throw new InputException("--follow: the tracer is a flight recorder, which writes only snapshots; make a"
                    + " snapshot and view its folder");
        }
        if (isOnlySnapshots() && left == TraceRecovery.Left.NOTHING) {
            throw new InputException("--follow: the tracer has ended; " + ONLY_SNAPSHOTS);
        }
        notes.removeIf(note -> note.startsWith(STILL_RUNS));
    }

    /**
     * Looks again whether the tracer runs. If it has ended, the notes say how.
     *
     * @return whether it runs
     */
    boolean isStillRunning() {
        if (left == TraceRecovery.Left.RUNNING) {
            left = left();
            if (left != TraceRecovery.Left.RUNNING) {
                notes.removeIf(note -> note.startsWith(STILL_RUNS));
                noteLeft();
            }
        }
        return isRunning();
    }

    private @Nullable Trace open(Consumer<? super TracePacket> packets) {
        try {
            return Trace.open(folder, left == TraceRecovery.Left.RUNNING, packets);
        } catch (UnreadableTraceException e) {
            problems = e.problems();
            problemCount = e.problemCount();
            return null;
        } catch (IOException e) {
            throw new InputException("DIR=" + Printable.name(folder.toString()) + ": cannot be read: "
                    + RegularFile.why(e));
        }
    }

    private TraceRecovery.@Nullable Left left() {
        try {
            return TraceRecovery.left(folder);
        } catch (IOException e) {
            notes.add("it is unknown whether the tracer was closed: " + RegularFile.why(e));
            return null;
        }
    }

    /** Returns a note of the later runs in a folder, if there are any. */
    static Optional<String> runs(Path folder) {
        try {
            List<Integer> runs = TraceFiles.runs(folder).stream()
                    .filter(run -> Files.exists(TraceFiles.run(folder, run).resolve(TraceFiles.METADATA))).toList();
            return runs.isEmpty() ? Optional.empty() : Optional.of("later runs are in "
                    + runs.reversed().stream().limit(SHOWN_RUNS).map(run -> "run-" + run)
                            .collect(Collectors.joining(", "))
                    + (runs.size() > SHOWN_RUNS ? " and " + (runs.size() - SHOWN_RUNS) + " more" : "")
                    + ", and are not shown");
        } catch (IOException e) {
            // The reader reports that the folder cannot be read.
            return Optional.empty();
        }
    }

    /** Returns the folder that the user named. */
    Path folder() {
        return folder;
    }

    /** Returns the trace, or null if its metadata cannot be read. */
    @Nullable Trace trace() {
        return trace;
    }

    /** Returns whether the tracer has completed the trace: closed, running, killed or unknown. */
    String state() {
        return left == null ? "unknown" : switch (left) {
            case RUNNING -> "running";
            case RINGS -> "killed";
            default -> "closed";
        };
    }

    /** Returns the notes on the trace, which are not problems of its files. */
    List<String> notes() {
        return List.copyOf(notes);
    }

    /** {@return whether a tracer is writing the trace} */
    boolean isRunning() {
        return left == TraceRecovery.Left.RUNNING;
    }

    /** Takes the problems that a copy of the trace has found, in place of those that {@link #trace} finds. */
    void report(TraceCopy.Report report) {
        copied = report;
    }

    /** Reports problems and notes, and returns the exit status. */
    int finish(PrintWriter err) {
        if (copied != null) {
            problems = copied.problems();
            problemCount = copied.problemCount();
        } else if (trace != null) {
            problems = trace.problems();
            problemCount = trace.problemCount();
        }
        for (Problem problem : problems) {
            err.println("rseq4j: " + Printable.text(folder + "/" + problem));
        }
        long more = problemCount - problems.size();
        if (more > 0) {
            err.println("rseq4j: " + more + " more problems");
        }
        boolean isStopped = interrupt != null && interrupt.isRequested();
        if (isStopped) {
            notes.add("stopped by Ctrl-C: the output covers what was read until then");
        }
        notes.forEach(note -> err.println("rseq4j: " + Printable.text(folder + ": " + note)));
        err.flush();
        boolean isWhole = problemCount == 0 && left != null && left != TraceRecovery.Left.RINGS;
        return isStopped ? ExitStatus.INTERRUPTED : isWhole ? ExitStatus.OK : ExitStatus.DAMAGED;
    }

    @Override
    public void close() {
        if (interrupt != null) {
            interrupt.close();
        }
        if (trace != null) {
            trace.close();
        }
    }
}
