package io.github.rseq4j.trace.ctf;

import io.github.rseq4j.trace.file.RegularFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;

/** A file of which a part is in memory. One thread. */
final class StreamFile implements AutoCloseable {
    /* How it works
     *
     * A window is read from where it is needed on, and grows up to what one record needs; after that record it is as
     * small as before, because a trace may have thousands of streams. Refused: mapping the file. One that is cut while
     * it is read, as a trace that is still written may be, would end the JVM's access with an error instead of an
     * answer.
     */
    /** The largest window that is kept, in bytes. */
    static final int MAX_KEPT_BYTES = 1 << 16;

    private final Path path;
    private final FileChannel channel;
    private final long sizeBytes;
    private final int keptBytes;
    private byte[] bytes;
    private ByteBuffer window;
    private long windowStart;

    /**
     * Opens it.
     *
     * @param path a regular file
     * @param keptBytes how large the window is when no record needs more
     */
    StreamFile(Path path, int keptBytes) throws IOException {
        this.path = path;
        this.channel = RegularFile.open(path);
        this.sizeBytes = channel.size();
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

    /**
     * Brings bytes into the window, its position at the first of them.
     *
     * @param offset in the file
     * @param count how many
     * @return the window, or one with fewer bytes where the file has no more
     */
    ByteBuffer at(long offset, int count) throws IOException {
        if (offset < windowStart || offset + count > windowStart + window.limit()) {
            read(offset, count);
        }
        return window.position((int) Math.min(offset - windowStart, window.limit()));
    }

    /** Returns the bytes of the window; its positions are indices of them. */
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

    /** Gives back what a long record needed. */
    void shrink() {
        if (bytes.length > keptBytes) {
            bytes = new byte[keptBytes];
            window = windowOf(bytes);
            windowStart = 0;
        }
    }

    /**
     * Returns where the file's next bytes are that were ever written: what lies before them is a hole, and is zeros.
     *
     * @param offset from where on
     * @return where, the file's size when there are none, or the offset itself where the system does not tell
     */
    long data(long offset) {
        return Math.min(RegularFile.data(path, offset), sizeBytes);
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
