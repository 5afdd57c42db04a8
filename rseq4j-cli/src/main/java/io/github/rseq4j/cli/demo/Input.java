package io.github.rseq4j.cli.demo;

import io.github.rseq4j.analysis.text.Printable;
import io.github.rseq4j.cli.io.InputException;
import io.github.rseq4j.trace.file.RegularFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.IntConsumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The files of the demo, which are read by one thread, or in segments by many virtual threads. */
final class Input {
    private static final int CHUNK_BYTES = 1 << 16;
    private static final long SEGMENT_BYTES = 1 << 20;
    /** The most segments that are read at the same time; each takes a chunk of the heap. */
    private static final int MAX_THREADS = (int) Math.min(1024, Runtime.getRuntime().maxMemory() / (4 * CHUNK_BYTES));

    /**
     * A part of a file.
     *
     * @param file the file
     * @param offset the segment's first byte in the file
     * @param lengthBytes its length, in bytes
     */
    private record Segment(Path file, long offset, long lengthBytes) {}

    private final List<Path> files = new ArrayList<>();
    private final List<Long> sizes = new ArrayList<>();
    private final long bytes;

    /**
     * Finds the files.
     *
     * @param paths files, and folders, of which all regular files are taken, also in subfolders
     * @throws InputException if a path cannot be read, or all files are empty
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
            long size = size(file);
            files.add(file);
            sizes.add(size);
            all = size > Long.MAX_VALUE - all ? Long.MAX_VALUE : all + size;
        }
        if (all == 0) {
            throw new InputException("nothing to count: 0 bytes in "
                    + String.join(", ", paths.stream().map(path -> Printable.name(path.toString()))
                    .toList())
                    + "; name a file that is not empty");
        }
        this.bytes = all;
    }

    private static void collect(Path path, List<Path> found) throws IOException {
        if (path.toString().isEmpty()) {
            // An empty path would name the current folder, which the user did not mean.
            throw new InputException("path= is empty; name a file or folder");
        }
        if (Files.isDirectory(path)) {
            try (Stream<Path> below = Files.walk(path)) {
                below.filter(file -> Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)).sorted()
                        .forEach(found::add);
            }
        } else if (Files.exists(path) && !Files.isRegularFile(path)) {
            throw new InputException("path=" + Printable.name(path.toString()) + " is neither a file nor a folder;"
                    + " name a file or folder");
        } else {
            // The user may name a link: its target is opened.
            found.add(Files.isSymbolicLink(path) ? path.toRealPath() : path);
        }
    }

    private static long size(Path file) {
        try (FileChannel channel = RegularFile.open(file)) {
            return channel.size();
        } catch (IOException e) {
            throw unreadable(file, e);
        }
    }

    /** Reads a segment. */
    private interface Reader {
        void read(Segment segment) throws InterruptedException;
    }

    /** Visits the segments one by one: a list of all segments of a huge sparse file might not fit the heap. */
    private void forEachSegment(Reader reader) throws InterruptedException {
        for (int i = 0; i < files.size(); i++) {
            long size = sizes.get(i);
            for (long offset = 0; offset < size; offset += SEGMENT_BYTES) {
                reader.read(new Segment(files.get(i), offset, Math.min(SEGMENT_BYTES, size - offset)));
            }
        }
    }

    /**
     * Returns the exception for a path that cannot be read. For a folder, it names the file inside.
     *
     * @param path the path
     * @param e the failure
     */
    static InputException unreadable(Path path, Exception e) {
        Throwable cause = e instanceof UncheckedIOException u ? Objects.requireNonNull(u.getCause()) : e;
        String at = cause instanceof FileSystemException f && f.getFile() != null ? f.getFile() : path.toString();
        return new InputException("path=" + Printable.name(at) + " cannot be read: "
                + RegularFile.why(e) + "; name a readable file or folder");
    }

    /** Returns the number of files. */
    int files() {
        return files.size();
    }

    /** Returns the number of bytes. */
    long bytes() {
        return bytes;
    }

    /** Returns the number of segments, which is the number of virtual threads that read them. */
    long segments() {
        return sizes.stream().mapToLong(size -> (size - 1) / SEGMENT_BYTES + (size == 0 ? 0 : 1)).sum();
    }

    /**
     * Counts all bytes on the calling thread.
     *
     * @param count the contestant
     * @param progress receives the numbers of bytes that were read
     * @throws InterruptedException never, because nothing waits
     */
    void countAlone(ByteCount count, IntConsumer progress) throws InterruptedException {
        forEachSegment(segment -> read(segment, count, progress));
    }

    /**
     * Counts all bytes, each segment on a virtual thread of its own.
     *
     * @param count the contestant
     * @param progress receives the numbers of bytes that were read, from many threads
     * @throws InterruptedException if the calling thread is interrupted
     */
    void countTogether(ByteCount count, IntConsumer progress) throws InterruptedException {
        AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
        Semaphore room = new Semaphore(MAX_THREADS);
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            forEachSegment(segment -> {
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
            });
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
        try (FileChannel channel = RegularFile.open(segment.file())) {
            long done = 0;
            while (done < segment.lengthBytes()) {
                int want = (int) Math.min(CHUNK_BYTES, segment.lengthBytes() - done);
                int got = channel.read(ByteBuffer.wrap(chunk, 0, want), segment.offset() + done);
                if (got < 0) {
                    throw new InputException("path=" + Printable.name(segment.file().toString())
                            + " became shorter while it was read; use a file that no process writes");
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
