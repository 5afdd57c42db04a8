package io.github.rseq4j.trace.ctf;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** A file of which a part is in memory. One thread. */
final class StreamFile implements AutoCloseable {
    /* How it works
     *
     * A window is read from where it is needed on, and grows up to what one record needs. Refused: mapping the file.
     * One that is cut while it is read, as a trace that is still written may be, would end the JVM's access with an
     * error instead of an answer.
     */
    private static final int FIRST_BYTES = 1 << 16;

    private final String name;
    private final FileChannel channel;
    private final long sizeBytes;
    private byte[] bytes = new byte[FIRST_BYTES];
    private ByteBuffer window = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).limit(0);
    private long windowStart;

    StreamFile(Path path) throws IOException {
        this.name = String.valueOf(path.getFileName());
        this.channel = FileChannel.open(path, StandardOpenOption.READ);
        this.sizeBytes = channel.size();
    }

    String name() {
        return name;
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
            bytes = new byte[Math.max(count, 2 * bytes.length)];
            window = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        }
        window.clear();
        windowStart = offset;
        int last = 0;
        while (window.hasRemaining() && last >= 0) {
            last = channel.read(window, offset + window.position());
        }
        window.flip();
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
