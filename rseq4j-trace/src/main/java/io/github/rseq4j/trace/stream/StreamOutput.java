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

/** The files of one CPU's stream: one, or several of which the oldest are dropped. One thread. */
public final class StreamOutput implements AutoCloseable {
    private final SafeFolder folder;
    private final UUID uuid;
    private final int index;
    private final FileLimits limits;
    private @Nullable FileChannel open;
    private @Nullable Object key;
    private long number = -1;

    /**
     * Makes it; no file is made yet.
     *
     * @param folder the trace's
     * @param uuid the trace's
     * @param index which CPU's stream
     * @param limits when a file is full, and how many there may be
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
        // What is written to a file that was moved is in no trace; a thread that is interrupted in a write closes it.
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

    /** Returns what tells a file from another one of the same name, or null when there is none. */
    private @Nullable Object key(String name) throws IOException {
        try {
            return folder.attributes(name).fileKey();
        } catch (NoSuchFileException _) {
            return null;
        }
    }

    /** Makes a file, or opens one of this trace: what begins otherwise is somebody else's, and stays as it is. */
    private FileChannel made(String name) throws IOException {
        try {
            return folder.create(name, false);
        } catch (FileAlreadyExistsException _) {
            if (!isOurs(name)) {
                throw new FileSystemException(name, null, "is no stream of this trace, and is left as it is");
            }
            return folder.open(name, true);
        }
    }

    /** Tells whether a file begins as this trace's streams do, as far as it was written. */
    private boolean isOurs(String name) throws IOException {
        byte[] mark = PacketLayout.mark(uuid);
        byte[] begin = folder.read(name, mark.length);
        return Arrays.equals(mark, 0, begin.length, begin, 0, begin.length);
    }

    /**
     * Writes a packet behind what was written before. What a process that was killed has left behind that is cut off;
     * where the file is shorter, because somebody removed or cut it, the packet follows what there is.
     *
     * @param packet the packet
     * @param before what was written before
     * @param counts counts the files that are dropped
     * @return the file's number and its length then
     * @throws IOException when it cannot be written whole; nothing has changed then
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
                packet.discarded());
    }

    private boolean removeOldest(String name) throws IOException {
        return folder.exists(name) && isOurs(name) && folder.delete(name);
    }

    /**
     * Cuts off what lies behind what was written.
     *
     * @param written what
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
            // The next packet cuts it, or a reader finds a packet that is cut and reads its whole records.
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
