package io.github.rseq4j.trace.ctf;

import io.github.rseq4j.trace.layout.TraceFiles;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Copies a trace, with its metadata in a format of the caller's choice. The packets are copied byte for byte.
 *
 * @since 0.1.0
 */
public final class TraceCopy {
    /* How it works
     *
     * The reader reads the whole trace, and passes on each packet in which it found no problem. One file is open at a
     * time for each stream that is read; the copy's file is opened for each run of packets of one file.
     */
    private final Path target;
    private final Set<Path> made = new HashSet<>();
    private @Nullable Path name;
    private @Nullable FileChannel open;
    private long packets;

    private TraceCopy(Path target) {
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
        Path metadata = Files.createDirectories(to).resolve(TraceFiles.METADATA);
        if (Files.exists(metadata)) {
            throw new FileAlreadyExistsException(to.toString(), null, "the folder holds a trace already");
        }
        TraceCopy copy = new TraceCopy(to);
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
            Files.writeString(metadata, trace.metadata(format), StandardOpenOption.CREATE_NEW,
                    StandardOpenOption.WRITE);
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
            file.copy(start, end, target(target.resolve(file.name())));
            packets++;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private FileChannel target(Path file) throws IOException {
        FileChannel current = open;
        if (current != null && file.equals(name)) {
            return current;
        }
        close();
        boolean isNew = !made.contains(file);
        FileChannel opened = FileChannel.open(file, StandardOpenOption.WRITE,
                isNew ? StandardOpenOption.CREATE_NEW : StandardOpenOption.APPEND);
        if (isNew) {
            made.add(file);
        }
        open = opened;
        name = file;
        return opened;
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
        for (Path file : made) {
            Files.deleteIfExists(file);
        }
    }
}
