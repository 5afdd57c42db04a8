package io.github.rseq4j.trace.ring;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.github.rseq4j.KernelException;
import io.github.rseq4j.kernel.Errno;
import io.github.rseq4j.kernel.SharedMemory;
import io.github.rseq4j.trace.file.SafeFolder;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/** A ring in shared memory: what was committed to it outlives the process. */
public final class SharedRing implements RingView, AutoCloseable {
    /* How it works
     *
     *   segment:  | what the ring is | what was written of it, twice | ... | state | sub-buffers ...
     *             0                                                      4096 - 192  4096
     *
     * A segment of System V shared memory, which a small file names. Unlike a file that is mapped it cannot be cut by
     * others, needs no room in a file system when it is written, and is populated whole before it is used: so no access
     * to it is ever answered by a signal. Where the kernel refuses it the ring lies in memory of the process alone.
     *
     * Others of the same user may attach the segment and write to it. So what the ring is, and what was written of it,
     * is kept in the process while it runs, and only written to the segment; of what is read there, RingView and its
     * users rely on nothing.
     *
     * What was written to files is kept in two places in turns, and a word, the last one written, tells which one
     * holds: a process that is killed in between leaves the former one.
     *
     * Refused: a file on a tmpfs. A container's has 64 MiB, and whoever may open a file may truncate it.
     */
    /** Where the sub-buffers begin in the segment. */
    public static final int DATA = 1 << 12;
    /** "rseq4jrg" in the order of the bytes. */
    static final long MAGIC = Long.reverseBytes(0x72736571346a7267L);
    public static final int MAGIC_AT = 0;
    static final int COOKIE_AT = 8;
    private static final long VERSION = 2;
    private static final int VERSION_AT = 16;
    private static final int UUID_AT = 24;
    private static final int INDEX_AT = 40;
    static final int SUB_AT = 48;
    private static final int RING_AT = 56;
    private static final int DISCARDING_AT = 64;
    private static final int FILE_BYTES_AT = 72;
    private static final int FILES_AT = 80;
    private static final int TURN_AT = 128;
    private static final int PROGRESS_AT = TURN_AT + 8;
    private static final int PROGRESS_BYTES = 5 * Long.BYTES;
    public static final int STATE_AT = DATA - TraceRing.STATE_BYTES;
    private static final VarHandle WORD = JAVA_LONG.varHandle();

    private final Arena arena;
    private final MemorySegment segment;
    private final MemorySegment ring;
    private final int id;
    private final int index;
    private final long subBytes;
    private final long ringBytes;
    private final @Nullable String refusal;
    private volatile Progress progress = Progress.NONE;

    private SharedRing(Arena arena, MemorySegment segment, int id, int index, long subBytes, @Nullable String refusal) {
        this.arena = arena;
        this.segment = segment;
        this.ring = segment.asSlice(DATA);
        this.id = id;
        this.index = index;
        this.subBytes = subBytes;
        this.ringBytes = ring.byteSize();
        this.refusal = refusal;
    }

    /**
     * Makes a ring; it has not begun.
     *
     * @param folder where its file goes
     * @param uuid the trace's
     * @param index which CPU's it is
     * @param sizes its sizes, and the limits of the stream's files
     * @param isDiscarding whether a full ring takes no more, or overwrites
     * @throws IOException when there is no memory, or its file cannot be written
     */
    @SuppressWarnings("MustBeClosedChecker") // The ring closes it.
    public static SharedRing create(SafeFolder folder, UUID uuid, int index, RingSizes sizes, boolean isDiscarding)
            throws IOException {
        Arena arena = Arena.ofShared();
        SharedRing made = null;
        String name = Rings.FILE + index;
        boolean isNamed = false;
        try {
            made = memory(arena, index, sizes);
            long cookie = ThreadLocalRandom.current().nextLong();
            // The first page alone: a segment is named by a file as soon as it is known to be ours.
            SharedMemory.populate(made.segment.asSlice(0, DATA));
            made.set(COOKIE_AT, cookie);
            folder.write(name, new RingFile(made.id, cookie, uuid, made.segment.byteSize(), RingFile.Place.here())
                    .text(), true);
            isNamed = true;
            SharedMemory.populate(made.segment);
            made.describe(uuid, sizes, isDiscarding);
            return made;
        } catch (KernelException e) {
            undo(arena, made, isNamed ? folder : null);
            throw new IOException(e.getMessage(), e);
        } catch (Throwable t) {
            // Whatever it is, a StackOverflowError for one: what nobody knows of would never be given back.
            undo(arena, made, isNamed ? folder : null);
            throw t;
        }
    }

    private static void undo(Arena arena, @Nullable SharedRing made, @Nullable SafeFolder folder) throws IOException {
        try (arena) {
            if (made != null) {
                made.remove();
                if (folder != null) {
                    folder.delete(Rings.FILE + made.index);
                }
            }
        }
    }

    private static SharedRing memory(Arena arena, int index, RingSizes sizes) {
        long bytes = DATA + sizes.ringBytes();
        String refusal = "kernel.shm_rmid_forced=1";
        if (!SharedMemory.endsWithProcess()) {
            int id = SharedMemory.create(bytes);
            try {
                Errno.check("shmget(bytes=" + bytes + ")", id);
                return new SharedRing(arena, SharedMemory.attach(id, bytes, false, arena), id, index,
                        sizes.subBufferBytes(), null);
            } catch (KernelException e) {
                if (id >= 0) {
                    SharedMemory.remove(id);
                }
                refusal = String.valueOf(e.getMessage());
            }
        }
        return new SharedRing(arena, SharedMemory.ofProcess(bytes, arena), RingFile.OF_PROCESS, index,
                sizes.subBufferBytes(), refusal);
    }

    private void describe(UUID uuid, RingSizes sizes, boolean isDiscarding) {
        set(VERSION_AT, VERSION);
        set(UUID_AT, uuid.getMostSignificantBits());
        set(UUID_AT + Long.BYTES, uuid.getLeastSignificantBits());
        set(INDEX_AT, index);
        set(SUB_AT, subBytes);
        set(RING_AT, ringBytes);
        set(DISCARDING_AT, isDiscarding ? 1 : 0);
        set(FILE_BYTES_AT, sizes.files().maxFileBytes());
        set(FILES_AT, sizes.files().maxFiles());
        keep(Progress.NONE);
        VarHandle.releaseFence();
        set(MAGIC_AT, MAGIC);
    }

    /**
     * Attaches the ring of a process that has ended, to read it.
     *
     * @param file what names it
     * @return the ring, or null when it was just being made, and holds nothing
     * @throws IOException when it is not there, or is no ring of this trace, with what is wrong
     */
    @SuppressWarnings("MustBeClosedChecker") // The ring closes it.
    public static @Nullable SharedRing open(RingFile file) throws IOException {
        Arena arena = Arena.ofShared();
        try {
            MemorySegment segment = SharedMemory.attach(file.id(), file.bytes(), true, arena);
            SharedMemory.Status now = SharedMemory.status(file.id());
            if (now == null || now.attached() != 1) {
                throw new IOException("shmid=" + file.id() + ": a process has it attached that may still record");
            }
            if (now.bytes() != file.bytes() || segment.get(JAVA_LONG, COOKIE_AT) != file.cookie()) {
                throw new IOException("shmid=" + file.id() + ": is another segment");
            }
            if (segment.get(JAVA_LONG, MAGIC_AT) == 0 || segment.get(JAVA_LONG, STATE_AT + TraceRing.POSITION) == 0) {
                arena.close();
                return null;
            }
            check(segment, file);
            SharedRing opened = new SharedRing(arena, segment, file.id(), (int) segment.get(JAVA_LONG, INDEX_AT),
                    segment.get(JAVA_LONG, SUB_AT), null);
            opened.progress = opened.kept();
            return opened;
        } catch (KernelException e) {
            arena.close();
            throw new IOException(e.getMessage(), e);
        } catch (IOException | RuntimeException e) {
            arena.close();
            throw e;
        }
    }

    /**
     * Tells whether a segment, of the length that a file says, holds what the file says, too.
     *
     * @param file the file
     */
    public static boolean holds(RingFile file) {
        try (Arena arena = Arena.ofShared()) {
            return file.bytes() >= DATA
                    && SharedMemory.attach(file.id(), file.bytes(), true, arena).get(JAVA_LONG, COOKIE_AT)
                            == file.cookie();
        } catch (KernelException _) {
            return false;
        }
    }

    /**
     * Removes a segment that holds what a file says, and that no process has attached.
     *
     * @param file the file
     * @return whether it was removed
     * @throws KernelException when the kernel does not let us look
     */
    public static boolean remove(RingFile file) {
        try (Arena arena = Arena.ofShared()) {
            // While it is attached its number is nobody else's.
            long cookie = SharedMemory.attach(file.id(), file.bytes(), true, arena).get(JAVA_LONG, COOKIE_AT);
            SharedMemory.Status now = SharedMemory.status(file.id());
            return now != null && now.attached() == 1 && now.bytes() == file.bytes() && cookie == file.cookie()
                    && SharedMemory.remove(file.id()) == 0;
        }
    }

    private static void check(MemorySegment segment, RingFile file) throws IOException {
        require(segment, MAGIC_AT, MAGIC, "this is no ring");
        require(segment, VERSION_AT, VERSION, "another version's ring");
        require(segment, UUID_AT, file.uuid().getMostSignificantBits(), "another trace's ring");
        require(segment, UUID_AT + Long.BYTES, file.uuid().getLeastSignificantBits(), "another trace's ring");
        long sub = segment.get(JAVA_LONG, SUB_AT);
        long ring = segment.get(JAVA_LONG, RING_AT);
        boolean isRing = Long.bitCount(sub) == 1 && Long.bitCount(ring) == 1
                && sub >= RingSizes.MIN_SUB_BUFFER_BYTES && sub <= RingSizes.MAX_SUB_BUFFER_BYTES
                && ring >= 2 * sub && ring == segment.byteSize() - DATA;
        if (!isRing) {
            throw new IOException("offset " + SUB_AT + ": sub-buffer=" + sub + " ring=" + ring
                    + ": cannot be in a segment of " + segment.byteSize() + " bytes");
        }
        long index = segment.get(JAVA_LONG, INDEX_AT);
        if (index < 0 || index >= 1 << 16) {
            throw new IOException("offset " + INDEX_AT + ": index=" + index + ": cannot be");
        }
    }

    private static void require(MemorySegment segment, int at, long expected, String what) throws IOException {
        long found = segment.get(JAVA_LONG, at);
        if (found != expected) {
            throw new IOException("offset " + at + ": " + what + ": 0x" + Long.toHexString(found) + " instead of 0x"
                    + Long.toHexString(expected));
        }
    }

    /** Returns where the ring's bytes are. */
    long base() {
        return ring.address();
    }

    /** Returns the segment's number, or {@link RingFile#OF_PROCESS}. */
    public int id() {
        return id;
    }

    /** Returns why the ring ends with its process, or null when it does not. */
    @Nullable String refusal() {
        return refusal;
    }

    /** Tells whether a full ring takes no more, or overwrites; of a ring that was opened. */
    public boolean isDiscarding() {
        return segment.get(JAVA_LONG, DISCARDING_AT) == 1;
    }

    /**
     * Returns the limits of the stream's files, of a ring that was opened.
     *
     * @throws IllegalArgumentException when they cannot be
     */
    public FileLimits files() {
        long bytes = segment.get(JAVA_LONG, FILE_BYTES_AT);
        return bytes == Long.MAX_VALUE ? FileLimits.NONE
                : new FileLimits(bytes, Math.toIntExact(segment.get(JAVA_LONG, FILES_AT)));
    }

    private void set(int at, long value) {
        WORD.setOpaque(segment, (long) at, value);
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
        return (long) WORD.getOpaque(segment, (long) STATE_AT + offset);
    }

    @Override
    public void put(int offset, long value) {
        if (!segment.isReadOnly()) {
            set(STATE_AT + offset, value);
        }
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
        return progress;
    }

    private long word(int at) {
        return (long) WORD.getOpaque(segment, (long) at);
    }

    private Progress kept() {
        int at = PROGRESS_AT + (int) (word(TURN_AT) & 1) * PROGRESS_BYTES;
        return new Progress(word(at), word(at + 8), word(at + 16), word(at + 24), word(at + 32));
    }

    @Override
    public void keep(Progress written) {
        progress = written;
        if (segment.isReadOnly()) {
            // Who recovers again begins at the same place, and writes the same.
            return;
        }
        long turn = word(TURN_AT) + 1;
        int at = PROGRESS_AT + (int) (turn & 1) * PROGRESS_BYTES;
        set(at, written.flushed());
        set(at + 8, written.file());
        set(at + 16, written.fileBytes());
        set(at + 24, written.packets());
        set(at + 32, written.discarded());
        VarHandle.releaseFence();
        set(TURN_AT, turn);
    }

    /** Removes the segment, which ends when it is closed; nothing is recovered of it any more. */
    public void remove() {
        if (id >= 0) {
            SharedMemory.remove(id);
        }
    }

    /** Gives the memory back; nobody reads or writes the ring any more. */
    @Override
    public void close() {
        arena.close();
    }
}
