package io.github.rseq4j.trace.ring;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.ir.Status;
import io.github.rseq4j.trace.common.TraceTime;
import io.github.rseq4j.trace.common.TracerCounts;
import io.github.rseq4j.trace.layout.PacketLayout;
import io.github.rseq4j.trace.thread.TracedThreads;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** Records events in a tracer's rings. It never throws, and waits only in a tracer that blocks. */
public final class Channel implements EventSink {
    /* How it works
     *
     * An event is one downcall to a section. All other steps are slow and rare. If the record needs a full header, FULL
     * records the event: once in each epoch of a CPU, and if the number of the event or of the thread is large. If the
     * event does not fit, the recording thread takes these steps, each on the CPU on which it then runs:
     *
     *   1. It runs SWITCH, which opens the next sub-buffer. Then it tries the event again.
     *   2. If the ring is full, it runs DISCARD, which counts the event in the ring. If the tracer blocks, it waits for
     *      room before that (RoomWait).
     *   3. If the CPU has no ring, it makes one. Then it tries the event again.
     *
     * The heads belong to this tracer as long as this object is reachable (I8). The steps after a refused event use
     * this object, so it is reachable during the call.
     */
    private static final long SWITCH_ROOM = Status.failure(Status.EXIT + TraceRing.EXIT_ROOM, 0);
    private static final long SWITCH_FULL = Status.failure(Status.EXIT + TraceRing.EXIT_FULL, 0);
    private static final long SWITCH_CLOSED = Status.failure(Status.EXIT + TraceRing.EXIT_CLOSED, 0);
    private static final long SWITCH_EARLY = Status.failure(Status.EXIT + TraceRing.EXIT_SWITCH_EARLY, 0);
    private static final long EVENT_SWITCH = Status.failure(Status.EXIT + TraceRing.EXIT_SWITCH, 0);
    private static final long EVENT_FULL_HEADER = Status.failure(Status.EXIT + TraceRing.EXIT_FULL_HEADER, 0);
    private static final long EVENT_EARLY = Status.failure(Status.EXIT + TraceRing.EXIT_EARLY, 0);

    /**
     * The most tries of one event. Without a limit, a process that writes to the ring's memory could make a thread try
     * forever.
     */
    private static final int MAX_TRIES = 1000;

    private static final long NO_COMPACT_HEADER = -1;
    /** The places of the record's size and of the first field among the arguments of a section. */
    private static final int SIZE = 1;
    private static final int FIELDS = 3;

    private final long cells;
    private final boolean isOrdered;
    private final Rings rings;
    private final RoomWait room;
    private final TracedThreads threads;
    private final TracerCounts counts;
    /** The array of {@link TracedThreads#recent}. Keeping it here saves a load for each event. */
    private final long[] recent;

    /**
     * Makes a channel.
     *
     * @param rings the rings that receive the records
     * @param isOrdered whether times are ordered across CPUs
     * @param room lets threads wait for room
     * @param threads notes each thread at its first event
     * @param counts counts lost events
     */
    public Channel(Rings rings, boolean isOrdered, RoomWait room, TracedThreads threads, TracerCounts counts) {
        // Initialises the classes here: at the first event too little stack may be left, and a class whose initialiser
        // fails stays unusable.
        Engine _ = Engine.get(RingFunctions.holders(isOrdered));
        this.isOrdered = isOrdered;
        this.cells = rings.cells();
        this.rings = rings;
        this.room = room;
        this.threads = threads;
        this.recent = threads.recent();
        this.counts = counts;
    }

    /** Returns the address of the first head. */
    public long cells() {
        return cells;
    }

    /** Returns the compact header of an event of this thread, without the time, or a negative number. */
    private long header(int id) {
        Thread thread = Thread.currentThread();
        long number = thread.threadId();
        if (recent[(int) number & recent.length - 1] != number && !threads.isNoted(number)) {
            threads.note(thread);
        }
        return PacketLayout.isCompact(id, number) ? PacketLayout.compact(id, number) : NO_COMPACT_HEADER;
    }

    @Override
    public void record1(int recordBytes, int id, long w0) {
        try {
            long header = header(id);
            int tries = 0;
            long status;
            do {
                status = header < 0 ? EVENT_FULL_HEADER : isOrdered
                        ? (long) RingFunctions.One.RECORD.invokeExact(cells, (long) recordBytes, header, w0)
                        : (long) RingFunctions.Unordered.ONE.invokeExact(cells, (long) recordBytes, header, w0);
            } while (status < 0 && mustRepeat(RingFunctions.One.CHAIN, status, tries++, id, cells, recordBytes, header,
                    w0));
        } catch (Throwable t) {
            lost(t);
        }
    }

    @Override
    public void record2(int recordBytes, int id, long w0, long w1) {
        try {
            long header = header(id);
            int tries = 0;
            long status;
            do {
                status = header < 0 ? EVENT_FULL_HEADER : isOrdered
                        ? (long) RingFunctions.Two.RECORD.invokeExact(cells, (long) recordBytes, header, w0, w1)
                        : (long) RingFunctions.Unordered.TWO.invokeExact(cells, (long) recordBytes, header, w0, w1);
            } while (status < 0 && mustRepeat(RingFunctions.Two.CHAIN, status, tries++, id, cells, recordBytes, header,
                    w0, w1));
        } catch (Throwable t) {
            lost(t);
        }
    }

    @Override
    public void record3(int recordBytes, int id, long w0, long w1, long w2) {
        record4(recordBytes, id, w0, w1, w2, 0);
    }

    @Override
    public void record4(int recordBytes, int id, long w0, long w1, long w2, long w3) {
        try {
            long header = header(id);
            int tries = 0;
            long status;
            do {
                status = header < 0 ? EVENT_FULL_HEADER : isOrdered
                        ? (long) RingFunctions.Four.RECORD.invokeExact(cells, (long) recordBytes, header, w0, w1, w2,
                                w3)
                        : (long) RingFunctions.Unordered.FOUR.invokeExact(cells, (long) recordBytes, header, w0, w1,
                                w2, w3);
            } while (status < 0 && mustRepeat(RingFunctions.Four.CHAIN, status, tries++, id, cells, recordBytes, header,
                    w0, w1, w2, w3));
        } catch (Throwable t) {
            lost(t);
        }
    }

    @Override
    public void record8(int recordBytes, int id, long w0, long w1, long w2, long w3, long w4, long w5, long w6,
            long w7) {
        try {
            long header = header(id);
            int tries = 0;
            long status;
            do {
                status = header < 0 ? EVENT_FULL_HEADER : isOrdered
                        ? (long) RingFunctions.Eight.RECORD.invokeExact(cells, (long) recordBytes, header, w0, w1,
                                w2, w3, w4, w5, w6, w7)
                        : (long) RingFunctions.Unordered.EIGHT.invokeExact(cells, (long) recordBytes, header, w0, w1,
                                w2, w3, w4, w5, w6, w7);
            } while (status < 0 && mustRepeat(RingFunctions.Eight.CHAIN, status, tries++, id, cells, recordBytes,
                    header, w0, w1, w2, w3, w4, w5, w6, w7));
        } catch (Throwable t) {
            lost(t);
        }
    }

    @Override
    public void recordBytes(int id, byte[] fields, int fieldBytes) {
        long recordBytes = PacketLayout.RECORD_FIELDS + (long) fieldBytes;
        try {
            long header = header(id);
            int tries = 0;
            long status;
            do {
                status = header < 0 ? EVENT_FULL_HEADER : isOrdered
                        ? (long) RingFunctions.Copy.RECORD.invokeExact(cells, recordBytes, header,
                                MemorySegment.ofArray(fields), (long) fieldBytes)
                        : (long) RingFunctions.Unordered.COPY.invokeExact(cells, recordBytes, header,
                                MemorySegment.ofArray(fields), (long) fieldBytes);
            } while (status < 0 && mustRepeat(status, tries++, id, fields, cells, recordBytes,
                    header, 0, fieldBytes));
        } catch (Throwable t) {
            lost(t);
        }
    }

    /** Counts a lost event. It throws nothing: a program must not fail because it is traced. */
    private void lost(Throwable thrown) {
        counts.lost();
        counts.failed(thrown);
    }

    /** Completes an event that its section did not record. Tells whether to run the section again. */
    private boolean mustRepeat(Chain chain, long status, int tries, int id, long... arguments) throws Throwable {
        requireFew(tries);
        long last = isRefused(status) ? status : Engine.get().complete(chain, status, withTime(arguments));
        if (last == EVENT_FULL_HEADER) {
            MemorySegment words = MemorySegment.ofArray(Arrays.copyOfRange(arguments, FIELDS, arguments.length));
            recordFull(id, words, arguments[SIZE] - PacketLayout.RECORD_FIELDS);
            return false;
        }
        return last < 0 && mayTryAgain(last, PacketLayout.RECORD_FIELDS + (arguments.length - FIELDS) * Long.BYTES);
    }

    private boolean mustRepeat(long status, int tries, int id, byte[] fields, long... arguments) throws Throwable {
        requireFew(tries);
        long last = isRefused(status) ? status : Engine.get().complete(RingFunctions.Copy.CHAIN, status,
                RingFunctions.Copy.SEGMENT, MemorySegment.ofArray(fields), withTime(arguments));
        if (last == EVENT_FULL_HEADER) {
            recordFull(id, MemorySegment.ofArray(fields), arguments[SIZE] - PacketLayout.RECORD_FIELDS);
            return false;
        }
        return last < 0 && mayTryAgain(last, arguments[SIZE]);
    }

    /** Records an event with a full header. */
    private void recordFull(int id, MemorySegment fields, long fieldBytes) throws Throwable {
        long recordBytes = PacketLayout.FULL_FIELDS + fieldBytes;
        long number = Thread.currentThread().threadId();
        long header = PacketLayout.full(number);
        long numbers = PacketLayout.fullNumbers(id, number);
        long status;
        int tries = 0;
        do {
            requireFew(tries++);
            status = (long) RingFunctions.Full.RECORD.invokeExact(cells, recordBytes, header, numbers, fields,
                    fieldBytes);
            if (status < 0 && !isRefused(status)) {
                status = Engine.get().complete(RingFunctions.Full.CHAIN, status, RingFunctions.Full.SEGMENT, fields,
                        withTime(cells, recordBytes, header, numbers, 0, fieldBytes));
            }
        } while (status < 0 && mayTryAgain(status, recordBytes));
    }

    private static void requireFew(int tries) {
        if (tries >= MAX_TRIES) {
            throw new IllegalStateException("an event found no place in " + tries + " tries: something other than its"
                    + " sections writes to the ring");
        }
    }

    private static boolean isRefused(long status) {
        return status == EVENT_SWITCH || status == EVENT_EARLY || status == EVENT_FULL_HEADER;
    }

    private static long[] withTime(long... arguments) {
        if (!TraceTime.isGiven()) {
            return arguments;
        }
        long[] given = Arrays.copyOf(arguments, arguments.length + 1);
        given[arguments.length] = TraceTime.now();
        return given;
    }

    /**
     * Opens a sub-buffer or a ring if the event's section found no room or no ring. Tells whether to try the event
     * again.
     */
    private boolean mayTryAgain(long status, long needBytes) throws Throwable {
        if (status != EVENT_SWITCH) {
            if (status != EVENT_EARLY) {
                throw new IllegalStateException("an event's section returned: " + Status.describe(status));
            }
            return true;
        }
        long switched = switchSubBuffer(needBytes);
        if (switched == SWITCH_FULL) {
            switched = room.await(SWITCH_FULL, () -> switchSubBuffer(needBytes));
        }
        if (switched == SWITCH_FULL) {
            // The thread may have migrated to a CPU that has no ring.
            return discard() == SWITCH_CLOSED && rings.open(Engine.get().cpuIndex());
        }
        return switched != SWITCH_CLOSED || rings.open(Engine.get().cpuIndex());
    }

    private long discard() throws Throwable {
        long status = (long) RingFunctions.Seldom.DISCARD.invokeExact(cells, 1L);
        return status < 0 && status != SWITCH_CLOSED ? Engine.get().complete(TraceRing.DISCARD, status, cells, 1)
                : status;
    }

    private long switchSubBuffer(long needBytes) throws Throwable {
        long status = (long) RingFunctions.Seldom.SWITCH.invokeExact(cells, needBytes);
        for (int tries = 0;
                status < 0 && status != SWITCH_ROOM && status != SWITCH_FULL && status != SWITCH_CLOSED; tries++) {
            requireFew(tries);
            long last = status == SWITCH_EARLY ? Status.failure(Status.ABORTED, 0) : status;
            status = Engine.get().complete(RingFunctions.Seldom.SWITCH_CHAIN, last, withTime(cells, needBytes));
        }
        return status;
    }
}
