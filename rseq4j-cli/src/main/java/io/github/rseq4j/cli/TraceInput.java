package io.github.rseq4j.cli;

import io.github.rseq4j.trace.ctf.Problem;
import io.github.rseq4j.trace.ctf.TraceDescription;
import io.github.rseq4j.trace.ctf.TraceEvent;
import io.github.rseq4j.trace.ctf.TraceReader;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** A trace that a command reads, and tells what is wrong with it. */
final class TraceInput implements AutoCloseable {
    private static final int EXIT_DAMAGED = 2;

    private final Path folder;
    private final TraceReader reader;

    /**
     * Opens a trace.
     *
     * @param folder what the user gave
     * @throws InputException when there is no such folder
     */
    TraceInput(Path folder) {
        if (!Files.isDirectory(folder)) {
            throw new InputException("DIR=" + Printable.name(folder.toString())
                    + ": is no folder; give the one that holds the trace's metadata");
        }
        this.folder = folder;
        this.reader = new TraceReader(folder);
    }

    @Nullable TraceDescription description() {
        return reader.description();
    }

    @Nullable TraceEvent next() {
        return reader.next();
    }

    TraceReader reader() {
        return reader;
    }

    /** Tells what was wrong, and returns the exit status. */
    int finish(PrintWriter err) {
        for (Problem problem : reader.problems()) {
            err.println("rseq4j: " + Printable.text(folder + "/" + problem));
        }
        long more = reader.problemCount() - reader.problems().size();
        if (more > 0) {
            err.println("rseq4j: " + more + " more problems");
        }
        err.flush();
        return reader.problemCount() == 0 ? 0 : EXIT_DAMAGED;
    }

    @Override
    public void close() {
        reader.close();
    }
}
