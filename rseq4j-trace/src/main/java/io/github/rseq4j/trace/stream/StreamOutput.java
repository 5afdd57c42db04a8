package io.github.rseq4j.trace.stream;

import io.github.rseq4j.trace.common.TracerCounts;
import io.github.rseq4j.trace.file.SafeFolder;
import io.github.rseq4j.trace.layout.PacketLayout;
import io.github.rseq4j.trace.layout.TraceFiles;
import io.github.rseq4j.trace.ring.FileLimits;
import io.github.rseq4j.trace.ring.RingView;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.Arrays;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** The files of one CPU's stream: one file, or several of which the oldest are deleted. One thread at a time. */
public final class StreamOutput implements AutoCloseable {
    private final SafeFolder folder;
    private final UUID uuid;
    private final int index;
    private final FileLimits limits;
    private @Nullable FileChannel open;
    private @Nullable Object key;
    private long number = -1;

    /**
     * Makes an output; it makes no file until the first packet is written.
     *
     * @param folder the trace's folder
     * @param uuid the trace's UUID
     * @param index the CPU index
     * @param limits the limits of the files
     */
    public StreamOutput(SafeFolder folder, UUID uuid, int index, FileLimits limits) {
        this.folder = folder;
        this.uuid = uuid;
        this.index = index;
        this.limits = limits;
    }

    private String name(long file) {
        String name = TraceFiles.CHANNEL + index;
        return limits.isOneFile() ? name : name + "_" + file;
    }

    private FileChannel file(long wanted) throws IOException {
        FileChannel now = open;
        // A file that was moved or replaced is not part of the trace. An interrupt during a write closes the channel.
        if (now != null && number == wanted && now.isOpen() && Objects.equals(key, key(name(wanted)))) {
            return now;
        }
        close();
        TraceMetadata.requireOurs(folder, uuid);
        FileChannel made = made(name(wanted));
        open = made;
        key = key(name(wanted));
        number = wanted;
        return made;
    }

    /** Returns the identity of the file that has a name now, or null if there is none. */
    private @Nullable Object key(String name) throws IOException {
        try {
            return folder.attributes(name).fileKey();
        } catch (NoSuchFileException _) {
            return null;
        }
    }

    /** Makes a file, or opens an existing one of this trace. A file that begins otherwise is refused and kept. */
    private FileChannel made(String name) throws IOException {
        try {
            return folder.create(name, false);
        } catch (FileAlreadyExistsException _) {
            if (!isOurs(name)) {
                throw new FileSystemException(name, null, "is not a stream of this trace, and is left as it is");
            }
            return folder.open(name, true);
        }
    }

    /** Tells whether a file begins as the streams of this trace do; a file may also be shorter than that beginning. */
    private boolean isOurs(String name) throws IOException {
        byte[] mark = PacketLayout.mark(uuid);
        byte[] begin = folder.read(name, mark.length);
        return Arrays.equals(mark, 0, begin.length, begin, 0, begin.length);
    }

    /**
     * Writes a packet after the packets that were written before. Bytes that a killed process left after those are cut
     * off. If the file is shorter than the progress says, because it was truncated or removed, the packet is appended.
     *
     * @param packet the packet
     * @param before the progress before the packet
     * @param counts counts the packet, and the files that are deleted
     * @return the progress after the packet; flushed is not changed
     * @throws IOException when the packet cannot be written; the part that was written is cut off if possible
     */
    RingView.Progress write(Packet packet, RingView.Progress before, TracerCounts counts) throws IOException {
        boolean isFull = before.fileBytes() > 0 && before.fileBytes() + packet.bytes() > limits.maxFileBytes();
        long wanted = before.file() + (isFull ? 1 : 0);
        FileChannel channel = file(wanted);
        long offset = isFull ? 0 : Math.min(before.fileBytes(), channel.size());
        if (channel.size() > offset) {
            channel.truncate(offset);
        }
        try {
            packet.write(channel, offset, uuid);
        } catch (IOException e) {
            cut(channel, offset);
            throw e;
        }
        if (isFull && wanted >= limits.maxFiles() && removeOldest(name(wanted - limits.maxFiles()))) {
            counts.droppedFiles.increment();
        }
        counts.packets.increment();
        counts.bytes.add(packet.bytes());
        return new RingView.Progress(before.flushed(), wanted, offset + packet.bytes(), before.packets() + 1,
                packet.discarded(), packet.end());
    }

    private boolean removeOldest(String name) throws IOException {
        return folder.exists(name) && isOurs(name) && folder.delete(name);
    }

    /**
     * Cuts off the bytes after the last packet.
     *
     * @param written the progress after the last packet
     * @throws IOException when the file cannot be cut
     */
    void cut(RingView.Progress written) throws IOException {
        if (folder.exists(name(written.file())) && file(written.file()).size() > written.fileBytes()) {
            file(written.file()).truncate(written.fileBytes());
        }
    }

    private static void cut(FileChannel channel, long offset) {
        try {
            channel.truncate(offset);
        } catch (IOException _) {
            // The next packet cuts it off. Until then a reader finds an incomplete packet, and reads its complete
            // records.
        }
    }

    @Override
    public void close() throws IOException {
        FileChannel now = open;
        open = null;
        if (now != null) {
            now.close();
        }
    }
}
