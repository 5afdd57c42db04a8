package io.github.rseq4j.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.IntConsumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The files that the demo reads: in segments by many virtual threads, or by one thread. */
final class Input {
    private static final int CHUNK_BYTES = 1 << 16;
    private static final long SEGMENT_BYTES = 1 << 20;
    private static final int MAX_THREADS = 1024;

    /**
     * A part of a file.
     *
     * @param file the file
     * @param offset where it starts
     * @param lengthBytes how long it is
     */
    private record Segment(Path file, long offset, long lengthBytes) {}

    private final List<Segment> segments = new ArrayList<>();
    private final int files;
    private final long bytes;

    /**
     * Finds the files.
     *
     * @param paths files, or folders of which all regular files below are taken
     * @throws InputException when one cannot be read, or nothing is in them
     */
    Input(List<Path> paths) {
        List<Path> found = new ArrayList<>();
        for (Path path : paths) {
            try {
                collect(path, found);
            } catch (IOException | UncheckedIOException e) {
                throw unreadable(path, e);
            }
        }
        long all = 0;
        for (Path file : found) {
            all += split(file);
        }
        if (all == 0) {
            throw new InputException("nothing to count: 0 bytes in "
                    + String.join(", ", paths.stream().map(Path::toString).toList())
                    + "; name a file that is not empty");
        }
        this.files = found.size();
        this.bytes = all;
    }

    private static void collect(Path path, List<Path> found) throws IOException {
        if (path.toString().isEmpty()) {
            // Else it would be the current folder, which nobody means by an empty word.
            throw new InputException("path= is empty; name a file or folder");
        }
        if (Files.isDirectory(path)) {
            try (Stream<Path> below = Files.walk(path)) {
                below.filter(Files::isRegularFile).sorted().forEach(found::add);
            }
        } else if (Files.exists(path) && !Files.isRegularFile(path)) {
            throw new InputException("path=" + path + " is neither a file nor a folder; name one that is");
        } else {
            found.add(path);
        }
    }

    private long split(Path file) {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            long size = channel.size();
            for (long offset = 0; offset < size; offset += SEGMENT_BYTES) {
                segments.add(new Segment(file, offset, Math.min(SEGMENT_BYTES, size - offset)));
            }
            return size;
        } catch (IOException e) {
            throw unreadable(file, e);
        }
    }

    /**
     * Says why a path cannot be read; of a folder, which one below it.
     *
     * @param path the path
     * @param e what reading it threw
     */
    static InputException unreadable(Path path, Exception e) {
        Throwable cause = e instanceof UncheckedIOException u ? Objects.requireNonNull(u.getCause()) : e;
        String at = cause instanceof FileSystemException f && f.getFile() != null ? f.getFile() : path.toString();
        String why = switch (cause) {
            case NoSuchFileException _ -> "there is no such file";
            case AccessDeniedException _ -> "permission denied";
            case FileSystemException f when f.getReason() != null -> f.getReason().toLowerCase(Locale.ROOT);
            default -> String.valueOf(cause);
        };
        return new InputException("path=" + at + " cannot be read: " + why + "; name a readable file or folder");
    }

    /** Returns how many files there are. */
    int files() {
        return files;
    }

    /** Returns how many bytes there are. */
    long bytes() {
        return bytes;
    }

    /** Returns how many segments there are: as many virtual threads read them. */
    int segments() {
        return segments.size();
    }

    /**
     * Counts everything in the calling thread.
     *
     * @param count counts
     * @param progress is told how many bytes were read
     */
    void countAlone(ByteCount count, IntConsumer progress) {
        for (Segment segment : segments) {
            read(segment, count, progress);
        }
    }

    /**
     * Counts everything, each segment in a virtual thread of its own.
     *
     * @param count counts
     * @param progress is told how many bytes were read, from many threads
     * @throws InterruptedException when the calling thread is interrupted
     */
    void countTogether(ByteCount count, IntConsumer progress) throws InterruptedException {
        AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
        Semaphore room = new Semaphore(MAX_THREADS);
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (Segment segment : segments) {
                room.acquire();
                threads.execute(() -> {
                    try {
                        read(segment, count, progress);
                    } catch (Throwable e) {
                        failure.compareAndSet(null, e);
                    } finally {
                        room.release();
                    }
                });
            }
        }
        switch (failure.get()) {
            case null -> { }
            case Error error -> throw error;
            case RuntimeException exception -> throw exception;
            case Throwable other -> throw new IllegalStateException(other);
        }
    }

    private static void read(Segment segment, ByteCount count, IntConsumer progress) {
        byte[] chunk = new byte[CHUNK_BYTES];
        try (FileChannel channel = FileChannel.open(segment.file(), StandardOpenOption.READ)) {
            long done = 0;
            while (done < segment.lengthBytes()) {
                int want = (int) Math.min(CHUNK_BYTES, segment.lengthBytes() - done);
                int got = channel.read(ByteBuffer.wrap(chunk, 0, want), segment.offset() + done);
                if (got < 0) {
                    throw new InputException("path=" + segment.file() + " became shorter while it was read; use a file "
                            + "that nobody writes");
                }
                count.count(chunk, got);
                progress.accept(got);
                done += got;
            }
        } catch (IOException e) {
            throw unreadable(segment.file(), e);
        }
    }
}
