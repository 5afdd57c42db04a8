package io.github.rseq4j.trace.ring;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.github.rseq4j.KernelException;
import io.github.rseq4j.kernel.Errno;
import io.github.rseq4j.kernel.SharedMemory;
import io.github.rseq4j.trace.file.SafeFolder;
import io.github.rseq4j.trace.layout.PacketLayout;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/** A ring in shared memory: its committed records outlive the process. */
public final class SharedRing implements RingView, AutoCloseable {
    /* How it works
     *
     *   segment:  | description | turn | progress 0 | progress 1 | ... | state | sub-buffers ...
     *             0             128                                   4096 - 192  4096
     *
     * The segment is System V shared memory. A small file names it. In contrast to a mapped file, no process can
     * truncate the segment, and a write to it needs no room in a file system. All its pages are populated before it is
     * used. So no access to it causes a signal. Where the kernel refuses the segment, the ring lies in memory that is
     * private to the process.
     *
     * Other processes of the same user may attach the segment and write to it. So the traced process keeps the
     * description and the progress in its own memory too, and does not read them from the segment. RingView and
     * its users rely on no word that they read from the segment.
     *
     * The progress (how much of the ring was written to files) is stored in two places by turns:
     *
     *   1. The drainer stores the new progress in the place that is not valid.
     *   2. Release fence.
     *   3. The drainer stores turn, whose lowest bit selects the valid place.
     *
     * A process that is killed between these steps leaves the former progress.
     *
     * Refused: a file on a tmpfs. The tmpfs of a container often has only 64 MiB, and each process that may write to a
     * file may truncate it.
     */
    /** The offset of the sub-buffers in the segment. */
    public static final int DATA = 1 << 12;
    /** The bytes "rseq4jrg". */
    static final long MAGIC = Long.reverseBytes(0x72736571346a7267L);
    public static final int MAGIC_AT = 0;
    static final int COOKIE_AT = 8;
    private static final long VERSION = 3;
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
    private static final int PROGRESS_BYTES = 6 * Long.BYTES;
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
     * Makes a ring. It accepts records after {@link #start}.
     *
     * @param folder the folder of the ring's file
     * @param uuid the trace's UUID
     * @param index the CPU index
     * @param sizes the sizes of the ring, and the limits of the stream's files
     * @param isDiscarding whether a full ring discards events; otherwise it overwrites the oldest
     * @throws IOException when there is no memory, or the ring's file cannot be written
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
            // Populates only the first page, which holds the cookie: the file has to name the segment as early as
            // possible.
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
            // After any Throwable, for example a StackOverflowError: otherwise the segment would never be removed.
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
     * Attaches the ring of a process that has ended, for reading.
     *
     * @param file the content of the ring's file
     * @return the ring, or null if the process ended while it made the ring, so that the ring holds nothing
     * @throws IOException when there is no such segment, a process has it attached, or it is no ring of this trace
     */
    @SuppressWarnings("MustBeClosedChecker") // The ring closes it.
    public static @Nullable SharedRing open(RingFile file) throws IOException {
        Arena arena = Arena.ofShared();
        try {
            MemorySegment segment = SharedMemory.attach(file.id(), file.bytes(), true, arena);
            SharedMemory.Status now = SharedMemory.status(file.id());
            if (now == null || now.attached() != 1) {
                throw new IOException("shmid=" + file.id() + ": a process has it attached, and may still record");
            }
            if (now.bytes() != file.bytes() || segment.get(JAVA_LONG, COOKIE_AT) != file.cookie()) {
                throw new IOException("shmid=" + file.id() + ": this number now belongs to another segment");
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
     * Tells whether the segment that a file names has the file's size and holds the file's cookie.
     *
     * @param file the content of the file
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
     * Removes the segment that a file names, if it has the file's size and cookie, and no process has attached it.
     *
     * @param file the content of the file
     * @return whether the segment was removed
     * @throws KernelException when the kernel refuses to attach the segment
     */
    public static boolean remove(RingFile file) {
        try (Arena arena = Arena.ofShared()) {
            // While the segment is attached, the kernel gives its number to no other segment.
            long cookie = SharedMemory.attach(file.id(), file.bytes(), true, arena).get(JAVA_LONG, COOKIE_AT);
            SharedMemory.Status now = SharedMemory.status(file.id());
            return now != null && now.attached() == 1 && now.bytes() == file.bytes() && cookie == file.cookie()
                    && SharedMemory.remove(file.id()) == 0;
        }
    }

    private static void check(MemorySegment segment, RingFile file) throws IOException {
        require(segment, MAGIC_AT, MAGIC, "the segment is not a ring");
        require(segment, VERSION_AT, VERSION, "the ring is of another version");
        require(segment, UUID_AT, file.uuid().getMostSignificantBits(), "the ring is of another trace");
        require(segment, UUID_AT + Long.BYTES, file.uuid().getLeastSignificantBits(), "the ring is of another trace");
        long sub = segment.get(JAVA_LONG, SUB_AT);
        long ring = segment.get(JAVA_LONG, RING_AT);
        boolean isRing = Long.bitCount(sub) == 1 && Long.bitCount(ring) == 1
                && sub >= RingSizes.MIN_SUB_BUFFER_BYTES && sub <= RingSizes.MAX_SUB_BUFFER_BYTES
                && ring >= 2 * sub && ring == segment.byteSize() - DATA;
        if (!isRing) {
            throw new IOException("offset " + SUB_AT + ": sub-buffer=" + sub + " ring=" + ring
                    + ": impossible in a segment of " + segment.byteSize() + " bytes");
        }
        long index = segment.get(JAVA_LONG, INDEX_AT);
        if (!PacketLayout.isStream(index)) {
            throw new IOException("offset " + INDEX_AT + ": index=" + index + ": no stream has this index");
        }
    }

    private static void require(MemorySegment segment, int at, long expected, String what) throws IOException {
        long found = segment.get(JAVA_LONG, at);
        if (found != expected) {
            throw new IOException("offset " + at + ": " + what + ": 0x" + Long.toHexString(found) + " instead of 0x"
                    + Long.toHexString(expected));
        }
    }

    /** Returns the address of the ring's bytes. */
    long base() {
        return ring.address();
    }

    /** Returns the segment's number, or {@link RingFile#OF_PROCESS}. */
    public int id() {
        return id;
    }

    /** Returns the reason why the ring ends with its process, or null if it outlives the process. */
    @Nullable String refusal() {
        return refusal;
    }

    /** Tells, for a ring that was opened, whether it discarded events when it was full; otherwise it overwrote. */
    public boolean isDiscarding() {
        return segment.get(JAVA_LONG, DISCARDING_AT) == 1;
    }

    /**
     * Returns, for a ring that was opened, the limits of the stream's files.
     *
     * @throws IllegalArgumentException when the limits are out of range
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
        return new Progress(word(at), word(at + 8), word(at + 16), word(at + 24), word(at + 32),
                word(at + 40));
    }

    @Override
    public void keep(Progress written) {
        progress = written;
        if (segment.isReadOnly()) {
            // The segment is not written, so that another recovery begins at the same place and writes the same
            // packets.
            return;
        }
        long turn = word(TURN_AT) + 1;
        int at = PROGRESS_AT + (int) (turn & 1) * PROGRESS_BYTES;
        set(at, written.flushed());
        set(at + 8, written.file());
        set(at + 16, written.fileBytes());
        set(at + 24, written.packets());
        set(at + 32, written.discarded());
        set(at + 40, written.time());
        VarHandle.releaseFence();
        set(TURN_AT, turn);
    }

    /** Marks the segment for removal: it can no longer be recovered, and its memory is freed after {@link #close}. */
    public void remove() {
        if (id >= 0) {
            SharedMemory.remove(id);
        }
    }

    /** Unmaps the memory. Nothing may read or write the ring after that. */
    @Override
    public void close() {
        arena.close();
    }
}
