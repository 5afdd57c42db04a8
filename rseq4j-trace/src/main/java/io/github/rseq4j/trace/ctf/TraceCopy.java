package io.github.rseq4j.trace.ctf;

import io.github.rseq4j.trace.file.RegularFile;
import io.github.rseq4j.trace.file.SafeFolder;
import io.github.rseq4j.trace.layout.TraceFiles;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Copies a trace, with its metadata in a format of the caller's choice. The packets and the names of the JVM's code are
 * copied byte for byte.
 *
 * @since 0.1.0
 */
public final class TraceCopy {
    /* How it works
     *
     * The reader reads the whole trace, and passes on each packet in which it found no problem. One file is open at a
     * time for each stream that is read; the copy's file is opened for each run of packets of one file.
     */
    private final SafeFolder target;
    private final Set<String> made = new HashSet<>();
    private @Nullable String name;
    private @Nullable FileChannel open;
    private long packets;

    private TraceCopy(SafeFolder target) {
        this.target = target;
    }

    /**
     * The result of a copy.
     *
     * @param packets the number of packets that were copied
     * @param problems the first problems of the original, up to 100; packets with a problem are not copied
     * @param problemCount the number of problems
     * @since 0.1.0
     */
    public record Report(long packets, List<Problem> problems, long problemCount) {}

    /**
     * Copies a trace.
     *
     * @param from the folder of the trace
     * @param isLive whether a tracer is writing the trace; incomplete packets at the ends of files are no problems then
     * @param to the folder of the copy; it is created if it does not exist, and must not hold a trace. Its metadata is
     *     written last. If the copy fails, its files are removed
     * @param format the format of the copy's metadata
     * @return the result
     * @throws IOException if there is no metadata, or the copy cannot be written
     */
    public static Report copy(Path from, boolean isLive, Path to, TraceFormat format) throws IOException {
        try (SafeFolder target = SafeFolder.open(Files.createDirectories(to))) {
            if (target.exists(TraceFiles.METADATA)) {
                throw new FileAlreadyExistsException(to.toString(), null, "the folder holds a trace already");
            }
            return copy(from, isLive, target, format);
        }
    }

    private static Report copy(Path from, boolean isLive, SafeFolder target, TraceFormat format) throws IOException {
        TraceCopy copy = new TraceCopy(target);
        boolean isWhole = false;
        try (TraceReader reader = new TraceReader(from, isLive, _ -> {}, copy::append)) {
            TraceDescription trace = reader.description();
            if (trace == null) {
                throw new IOException(reader.problems().stream().map(Problem::toString).findFirst()
                        .orElse("the metadata cannot be read"));
            }
            TraceEvent event;
            do {
                event = reader.next();
            } while (event != null);
            copy.close();
            copy.codeNames(from);
            target.write(TraceFiles.METADATA, trace.metadata(format), false);
            isWhole = true;
            return new Report(copy.packets, reader.problems(), reader.problemCount());
        } catch (UncheckedIOException e) {
            throw e.getCause();
        } finally {
            if (!isWhole) {
                copy.undo();
            }
        }
    }

    private void append(StreamFile file, long start, long end) {
        try {
            file.copy(start, end, target(file.name()));
            packets++;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private FileChannel target(String file) throws IOException {
        FileChannel current = open;
        if (current != null && file.equals(name)) {
            return current;
        }
        close();
        boolean isNew = !made.contains(file);
        FileChannel opened = isNew ? target.create(file, false) : target.open(file, true);
        open = opened;
        name = file;
        if (isNew) {
            made.add(file);
        } else {
            opened.position(opened.size());
        }
        return opened;
    }

    /** Copies the names of the JVM's code, if the trace has names that readers accept. */
    private void codeNames(Path from) throws IOException {
        FileChannel names;
        try {
            names = RegularFile.open(from.resolve(TraceFiles.CODE_NAMES));
        } catch (IOException _) {
            // Readers find no names either.
            return;
        }
        try (names; FileChannel to = target.create(TraceFiles.CODE_NAMES, false)) {
            made.add(TraceFiles.CODE_NAMES);
            long end = names.size() > TraceFiles.MAX_CODE_NAMES_BYTES ? 0 : names.size();
            for (long at = 0, copied = 1; at < end && copied > 0; at += copied) {
                copied = names.transferTo(at, end - at, to);
            }
        }
    }

    private void close() throws IOException {
        FileChannel current = open;
        open = null;
        if (current != null) {
            current.close();
        }
    }

    private void undo() throws IOException {
        close();
        for (String file : made) {
            target.delete(file);
        }
    }
}
