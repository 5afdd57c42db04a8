package io.github.rseq4j.trace;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.github.rseq4j.engine.TraceRing;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.UUID;

/** A ring in a file that is mapped: what was committed to it outlives the process. */
final class MappedRing implements RingView, AutoCloseable {
    /* How it works
     *
     *   file:  | head | ... | what the ring is | what was written of it, twice | ... | sub-buffers ...
     *          0            1024               1152                                  65536
     *
     * The file's first 64 KiB are mapped a second time, where the sections find their CPU's head.
     *
     * What was written to files is kept in two places in turns, and a word, the last one written, tells which one
     * holds: a process that is killed in between leaves the former one.
     *
     * All of the file is written once before it is mapped, so that a disk that is full refuses it then, and not by a
     * signal to whoever records an event.
     */
    /** Where the sub-buffers begin in the file: the largest size that a page may have. */
    static final int DATA = 1 << 16;
    /** "rseq4jrg" in the order of the bytes. */
    static final long MAGIC = Long.reverseBytes(0x72736571346a7267L);
    private static final long VERSION = 1;
    private static final int MAGIC_AT = 1024;
    private static final int VERSION_AT = MAGIC_AT + 8;
    private static final int UUID_AT = VERSION_AT + 8;
    private static final int INDEX_AT = UUID_AT + 16;
    private static final int SUB_AT = INDEX_AT + 8;
    private static final int RING_AT = SUB_AT + 8;
    private static final int DISCARDING_AT = RING_AT + 8;
    private static final int FILE_BYTES_AT = DISCARDING_AT + 8;
    private static final int FILES_AT = FILE_BYTES_AT + 8;
    private static final int TURN_AT = 1152;
    private static final int PROGRESS_AT = TURN_AT + 8;
    private static final int PROGRESS_BYTES = 5 * Long.BYTES;
    private static final int ZEROS = 1 << 16;
    private static final VarHandle WORD = JAVA_LONG.varHandle();

    private final Arena arena;
    private final MemorySegment file;
    private final MemorySegment ring;
    private final int index;
    private final long subBytes;
    private final long ringBytes;

    private MappedRing(Arena arena, MemorySegment file) {
        this.arena = arena;
        this.file = file;
        this.ring = file.asSlice(DATA);
        this.index = (int) file.get(JAVA_LONG, INDEX_AT);
        this.subBytes = file.get(JAVA_LONG, SUB_AT);
        this.ringBytes = file.get(JAVA_LONG, RING_AT);
    }

    /**
     * Makes a ring.
     *
     * @param path its file, which must not be there
     * @param uuid the trace's
     * @param index which CPU's it is
     * @param options its sizes, and those of the stream's files
     * @param isDiscarding whether a full ring takes no more, or overwrites
     * @throws IOException when the file cannot be written whole
     */
    @SuppressWarnings("MustBeClosedChecker") // The ring closes it.
    static MappedRing create(Path path, UUID uuid, int index, TracerOptions options, boolean isDiscarding)
            throws IOException {
        long bytes = DATA + options.ringBytes();
        Arena arena = Arena.ofShared();
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.READ,
                StandardOpenOption.WRITE)) {
            ByteBuffer zeros = ByteBuffer.allocateDirect(ZEROS);
            for (long left = bytes; left > 0;) {
                left -= channel.write(zeros.clear().limit((int) Math.min(left, ZEROS)));
            }
            MemorySegment file = channel.map(MapMode.READ_WRITE, 0, bytes, arena);
            file.set(JAVA_LONG, VERSION_AT, VERSION);
            file.set(JAVA_LONG, UUID_AT, uuid.getMostSignificantBits());
            file.set(JAVA_LONG, UUID_AT + Long.BYTES, uuid.getLeastSignificantBits());
            file.set(JAVA_LONG, INDEX_AT, index);
            file.set(JAVA_LONG, SUB_AT, options.subBufferBytes());
            file.set(JAVA_LONG, RING_AT, options.ringBytes());
            file.set(JAVA_LONG, DISCARDING_AT, isDiscarding ? 1 : 0);
            file.set(JAVA_LONG, FILE_BYTES_AT, options.maxFileBytes());
            file.set(JAVA_LONG, FILES_AT, options.maxFiles());
            file.set(JAVA_LONG, MAGIC_AT, MAGIC);
            MappedRing made = new MappedRing(arena, file);
            made.keep(Progress.NONE);
            return made;
        } catch (FileAlreadyExistsException e) {
            arena.close();
            throw e;
        } catch (IOException | RuntimeException e) {
            arena.close();
            Files.deleteIfExists(path);
            throw e;
        }
    }

    /**
     * Tells whether a ring may ever have taken a record: until it is ready its position and its limit are 0.
     *
     * @param path its file
     * @throws IOException when it cannot be read
     */
    static boolean hasBegun(Path path) throws IOException {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            ByteBuffer head = ByteBuffer.allocate(TraceRing.LIMIT + Long.BYTES);
            int last = 0;
            while (head.hasRemaining() && last >= 0) {
                last = channel.read(head);
            }
            return head.getLong(TraceRing.POSITION) != 0 || head.getLong(TraceRing.LIMIT) != 0;
        }
    }

    /**
     * Opens the ring of a process that has ended.
     *
     * @param path its file
     * @param uuid the trace's
     * @throws IOException when it cannot be read, or is no ring of this trace, with what is wrong
     */
    @SuppressWarnings("MustBeClosedChecker") // The ring closes it.
    static MappedRing open(Path path, UUID uuid) throws IOException {
        Arena arena = Arena.ofShared();
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            long size = channel.size();
            if (size < DATA) {
                throw new IOException("bytes=" + size + ": no ring is shorter than " + DATA);
            }
            MemorySegment file = channel.map(MapMode.READ_WRITE, 0, size, arena);
            check(file, uuid);
            return new MappedRing(arena, file);
        } catch (IOException | RuntimeException e) {
            arena.close();
            throw e;
        }
    }

    private static void check(MemorySegment file, UUID uuid) throws IOException {
        require(file, MAGIC_AT, MAGIC, "this is no ring");
        require(file, VERSION_AT, VERSION, "another version's ring");
        require(file, UUID_AT, uuid.getMostSignificantBits(), "another trace's ring");
        require(file, UUID_AT + Long.BYTES, uuid.getLeastSignificantBits(), "another trace's ring");
        long sub = file.get(JAVA_LONG, SUB_AT);
        long ring = file.get(JAVA_LONG, RING_AT);
        boolean isRing = Long.bitCount(sub) == 1 && Long.bitCount(ring) == 1
                && sub >= TracerOptions.MIN_SUB_BUFFER_BYTES && sub <= TracerOptions.MAX_SUB_BUFFER_BYTES
                && ring >= 2 * sub && ring == file.byteSize() - DATA;
        if (!isRing) {
            throw new IOException("offset " + SUB_AT + ": sub-buffer=" + sub + " ring=" + ring
                    + ": cannot be in a file of " + file.byteSize() + " bytes");
        }
        long index = file.get(JAVA_LONG, INDEX_AT);
        if (index < 0 || index >= 1 << 16) {
            throw new IOException("offset " + INDEX_AT + ": index=" + index + ": cannot be");
        }
    }

    private static void require(MemorySegment file, int at, long expected, String what) throws IOException {
        long found = file.get(JAVA_LONG, at);
        if (found != expected) {
            throw new IOException("offset " + at + ": " + what + ": 0x" + Long.toHexString(found) + " instead of 0x"
                    + Long.toHexString(expected));
        }
    }

    /** Returns where the ring's bytes are mapped. */
    long base() {
        return ring.address();
    }

    /** Tells whether a full ring takes no more, or overwrites. */
    boolean isDiscarding() {
        return file.get(JAVA_LONG, DISCARDING_AT) == 1;
    }

    /**
     * Returns the limits of the stream's files.
     *
     * @throws IllegalArgumentException when they cannot be
     */
    TracerOptions files() {
        long bytes = file.get(JAVA_LONG, FILE_BYTES_AT);
        return bytes == Long.MAX_VALUE ? TracerOptions.defaults()
                : TracerOptions.defaults().withFiles(bytes, Math.toIntExact(file.get(JAVA_LONG, FILES_AT)));
    }

    @Override
    public int index() {
        return index;
    }

    @Override
    public long subBytes() {
        return subBytes;
    }

    @Override
    public long ringBytes() {
        return ringBytes;
    }

    @Override
    public long get(int offset) {
        return (long) WORD.getOpaque(file, (long) offset);
    }

    @Override
    public void put(int offset, long value) {
        WORD.setOpaque(file, (long) offset, value);
    }

    @Override
    public long word(long position) {
        return (long) WORD.getOpaque(ring, position & ringBytes - 1);
    }

    @Override
    public void putWord(long position, long value) {
        WORD.setOpaque(ring, position & ringBytes - 1, value);
    }

    @Override
    public ByteBuffer bytes(long position, int count) {
        return ring.asSlice(position & ringBytes - 1, count).asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
    }

    @Override
    public Progress progress() {
        int at = PROGRESS_AT + (int) (get(TURN_AT) & 1) * PROGRESS_BYTES;
        return new Progress(get(at), get(at + 8), get(at + 16), get(at + 24), get(at + 32));
    }

    @Override
    public void keep(Progress progress) {
        long turn = get(TURN_AT) + 1;
        int at = PROGRESS_AT + (int) (turn & 1) * PROGRESS_BYTES;
        put(at, progress.flushed());
        put(at + 8, progress.file());
        put(at + 16, progress.fileBytes());
        put(at + 24, progress.packets());
        put(at + 32, progress.discarded());
        VarHandle.releaseFence();
        put(TURN_AT, turn);
    }

    /** Unmaps the file; nobody reads or writes the ring any more. */
    @Override
    public void close() {
        arena.close();
    }
}
