package io.github.rseq4j.trace.ctf;

import io.github.rseq4j.trace.file.RegularFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;

/** A file with a window of it in memory. Used by one thread. */
final class StreamFile implements AutoCloseable {
    /* How it works
     *
     * The window starts at the requested offset, and grows to the size of a long record. After that record it shrinks
     * again, because a trace can have thousands of streams.
     *
     * Refused: mapping the file. If another process truncates a mapped file, reading it throws an InternalError.
     */
    /** The largest size of the window between records, in bytes. */
    static final int MAX_KEPT_BYTES = 1 << 16;

    private final Path path;
    private final FileChannel channel;
    private long sizeBytes;
    private long lastBytes;
    private final int keptBytes;
    private byte[] bytes;
    private ByteBuffer window;
    private long windowStart;

    /**
     * Opens a file.
     *
     * @param path a regular file
     * @param keptBytes the size of the window between records, in bytes
     */
    StreamFile(Path path, int keptBytes) throws IOException {
        this.path = path;
        this.channel = RegularFile.open(path);
        this.sizeBytes = channel.size();
        this.lastBytes = sizeBytes;
        this.keptBytes = keptBytes;
        this.bytes = new byte[keptBytes];
        this.window = windowOf(bytes);
    }

    private static ByteBuffer windowOf(byte[] bytes) {
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).limit(0);
    }

    String name() {
        return String.valueOf(path.getFileName());
    }

    long sizeBytes() {
        return sizeBytes;
    }

    /** Reads the size again. The file may have grown. */
    void refresh() throws IOException {
        lastBytes = channel.size();
        sizeBytes = Math.max(sizeBytes, lastBytes);
    }

    /** Tells whether the file was shorter than an offset when its size was read last. */
    boolean isCutBefore(long offset) {
        return lastBytes < offset;
    }

    /** Forgets the content that was read, because the file was cut and may have other content. */
    void restart() {
        sizeBytes = lastBytes;
        window.limit(0);
        windowStart = 0;
    }

    /**
     * Moves the window to an offset.
     *
     * @param offset the offset in the file, at which the position of the window will be
     * @param count the number of bytes that the window must have
     * @return the window; it has fewer bytes if the file ends before
     */
    ByteBuffer at(long offset, int count) throws IOException {
        if (offset < windowStart || offset + count > windowStart + window.limit()) {
            read(offset, count);
        }
        return window.position((int) Math.min(offset - windowStart, window.limit()));
    }

    /** Returns the array of the window; positions of the window are indices of the array. */
    byte[] bytes() {
        return bytes;
    }

    private void read(long offset, int count) throws IOException {
        if (count > bytes.length) {
            bytes = new byte[count];
            window = windowOf(bytes);
        }
        window.clear();
        windowStart = offset;
        int last = 0;
        while (window.hasRemaining() && last >= 0) {
            last = channel.read(window, offset + window.position());
        }
        window.flip();
    }

    /** Shrinks the window after a long record. */
    void shrink() {
        if (bytes.length > keptBytes) {
            bytes = new byte[keptBytes];
            window = windowOf(bytes);
            windowStart = 0;
        }
    }

    /**
     * Returns the offset of the next data after a hole. The bytes of a hole were never written, and are zero.
     *
     * @param offset the offset at which to start
     * @return the offset of the data, the size of the file if there is none, or the argument if the system has no
     *     answer
     */
    long data(long offset) {
        return Math.min(RegularFile.data(path, offset), sizeBytes);
    }

    /**
     * Appends bytes of the file to another one.
     *
     * @param start the offset of the first byte
     * @param end the offset after the last byte
     * @param target the other file
     */
    void copy(long start, long end, FileChannel target) throws IOException {
        for (long at = start; at < end;) {
            long copied = channel.transferTo(at, end - at, target);
            if (copied <= 0) {
                throw new IOException(name() + ": the file ends at offset " + at + ", and was longer before");
            }
            at += copied;
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
