package io.github.rseq4j.trace.stream;

import io.github.rseq4j.trace.common.TraceTime;
import io.github.rseq4j.trace.common.TracerCounts;
import io.github.rseq4j.trace.ctf.EventType;
import io.github.rseq4j.trace.ctf.FieldType;
import io.github.rseq4j.trace.layout.PacketLayout;
import io.github.rseq4j.trace.ring.RingView.Progress;
import io.github.rseq4j.trace.ring.RingView;
import io.github.rseq4j.trace.ring.TraceRing;
import java.io.IOException;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.util.Map;

/** Writes each record of a ring once to its stream's files, and frees its sub-buffers. One thread at a time. */
public final class RingDrain implements AutoCloseable {
    /* How it works
     *
     * The drainer writes each complete sub-buffer as a packet:
     *
     *   1. It writes the packet to the file.
     *   2. It keeps the ring's progress.
     *   3. It stores consumed, which frees the sub-buffer.
     *
     * A process that is killed between steps 1 and 2 leaves the packet in the file and in the ring. The recovering
     * process cuts the file to the progress that was kept, and writes the packet again.
     *
     * A flush also writes the records of the open sub-buffer as a packet: from the progress up to the position. Later
     * records of the same sub-buffer become further packets. So no thread has to run on a ring's CPU to flush the ring.
     *
     * A process that can write to the ring's memory can put any value there. An impossible position is reported once,
     * and nothing more is written of that ring. With any other impossible value, all loops and lengths stay bounded by
     * the ring's size.
     *
     * When the disk is full or the file is gone, the ring keeps its records. It fills up, discards and counts events,
     * and is drained when there is room again.
     */
    private final RingView ring;
    private final StreamOutput output;
    private final TracerCounts counts;
    private boolean isGarbled;
    /** The nanoTime after which the ring may be drained again; 0 if nothing failed. */
    private long dueAt;
    private double waitingShare;

    public RingDrain(RingView ring, StreamOutput output, TracerCounts counts) {
        this.ring = ring;
        this.output = output;
        this.counts = counts;
    }

    /** Returns the ring. */
    RingView ring() {
        return ring;
    }

    /** Returns which share of the ring waited in complete sub-buffers when the ring was last drained. */
    double waitingShare() {
        return waitingShare;
    }

    /** Tells whether the ring may be drained: nothing failed, or the pause after a failure is over. */
    boolean isDue() {
        return dueAt == 0 || System.nanoTime() - dueAt >= 0;
    }

    /**
     * Begins a pause; {@link #drain} ends it.
     *
     * @param pauseNanos the length of the pause
     */
    void postpone(long pauseNanos) {
        dueAt = System.nanoTime() + pauseNanos | 1;
    }

    /**
     * Writes the complete sub-buffers.
     *
     * @param isWhole whether to write the records of the open sub-buffer too
     * @return whether a packet was written
     * @throws IOException when a packet cannot be written; its records stay in the ring
     */
    public boolean drain(boolean isWhole) throws IOException {
        dueAt = 0;
        waitingShare = 0;
        if (isGarbled) {
            return false;
        }
        RingView.State state = ring.state(TraceTime::now);
        Progress progress = ring.progress();
        if (!canBe(state.position(), progress.flushed())) {
            isGarbled = true;
            throw ring.garbled();
        }
        long packets = progress.packets();
        long open = ring.begin(state.position());
        waitingShare = (double) (open - ring.begin(progress.flushed())) / ring.ringBytes();
        for (long begin = ring.begin(progress.flushed()); begin < open; begin += ring.subBytes()) {
            long content = Math.clamp(ring.word(begin + TraceRing.CONTENT_BYTES), PacketLayout.RECORDS,
                    ring.subBytes());
            progress = write(progress, begin + content, ring.word(begin + PacketLayout.TIMESTAMP_END),
                    ring.word(begin + PacketLayout.EVENTS_DISCARDED));
            long next = begin + ring.subBytes();
            progress = new Progress(next + PacketLayout.RECORDS, progress.file(), progress.fileBytes(),
                    progress.packets(), progress.discarded(), progress.time());
            ring.keep(progress);
            VarHandle.releaseFence();
            ring.put(TraceRing.CONSUMED, next);
        }
        if (isWhole && state.isOfOneMoment()) {
            ring.keep(write(progress, state.position(), state.last(), state.discarded()));
        }
        return ring.progress().packets() != packets;
    }

    /** Tells whether a position is possible: sections open only free sub-buffers, so less than a ring is unwritten. */
    private boolean canBe(long position, long flushed) {
        return ring.isPosition(position) && PacketLayout.aligned(position) >= flushed
                && ring.begin(position) - ring.begin(flushed) < ring.ringBytes();
    }

    /** Writes a packet: the records after the progress, up to the end of a record of the same sub-buffer. */
    private Progress write(Progress before, long end, long time, long discarded) throws IOException {
        long from = before.flushed();
        boolean isEmpty = from >= end;
        if (isEmpty && discarded == before.discarded()) {
            return before;
        }
        ByteBuffer records = isEmpty ? ByteBuffer.allocate(0) : ring.bytes(from, (int) (end - from));
        long first = isEmpty ? time : first(from, before.time());
        Progress after = output.write(new Packet(ring.index(), before.packets(), first, time, discarded, records),
                before, counts);
        return new Progress(isEmpty ? from : PacketLayout.aligned(end), after.file(), after.fileBytes(),
                after.packets(), after.discarded(), after.time());
    }

    /** Returns the time of the record at a position. */
    private long first(long position, long timeBefore) {
        long word = ring.word(position);
        if (PacketLayout.isFull(word)) {
            return ring.word(position + PacketLayout.FULL_TIMESTAMP);
        }
        long begin = ring.begin(position);
        return PacketLayout.time(word, position - begin == PacketLayout.RECORDS
                ? ring.word(begin + PacketLayout.TIMESTAMP_BEGIN) : timeBefore);
    }

    /**
     * Counts the records that were not written. No section may write to the ring any more.
     *
     * @param events the trace's events, by their numbers
     */
    long unwritten(Map<Integer, EventType> events) {
        long position = ring.position();
        long flushed = ring.progress().flushed();
        if (!canBe(position, flushed)) {
            return 0;
        }
        long open = ring.begin(position);
        long count = 0;
        for (long begin = ring.begin(flushed); begin <= open; begin += ring.subBytes()) {
            long from = Math.max(flushed, begin + PacketLayout.RECORDS);
            long content = Math.clamp(ring.word(begin + TraceRing.CONTENT_BYTES), PacketLayout.RECORDS,
                    ring.subBytes());
            long end = begin == open ? position : begin + content;
            count += end > from ? count(ring.bytes(from, (int) (end - from)), events) : 0;
        }
        return count;
    }

    private static long count(ByteBuffer records, Map<Integer, EventType> events) {
        long count = 0;
        while (records.remaining() >= PacketLayout.RECORD_FIELDS) {
            int bytes = recordBytes(records, events);
            count++;
            records.position(bytes < 0 ? records.limit()
                    : (int) Math.min(records.limit(), records.position() + PacketLayout.aligned(bytes)));
        }
        return count;
    }

    /** Returns the length of the next record, or -1 if its event is unknown, or it is longer than these bytes. */
    private static int recordBytes(ByteBuffer record, Map<Integer, EventType> events) {
        long word = record.getLong(record.position());
        long bytes = PacketLayout.isFull(word) ? PacketLayout.FULL_FIELDS : PacketLayout.RECORD_FIELDS;
        if (bytes > record.remaining()) {
            return -1;
        }
        EventType type = events.get(!PacketLayout.isFull(word) ? PacketLayout.compactId(word)
                : (int) PacketLayout.fullId(record.getLong(record.position() + PacketLayout.FULL_NUMBERS)));
        if (type == null) {
            return -1;
        }
        for (EventType.Field field : type.fields()) {
            int lengths = record.position() + (int) bytes;
            bytes += field.type().minimumBytes();
            if (bytes > record.remaining()) {
                return -1;
            }
            if (field.type() instanceof FieldType.Basic basic && basic.isVarying()) {
                bytes += Integer.toUnsignedLong(record.getInt(lengths + Integer.BYTES));
            }
        }
        return bytes > record.remaining() ? -1 : (int) bytes;
    }

    /**
     * Cuts off the bytes that a killed process wrote after it last kept its progress.
     *
     * @throws IOException when the file cannot be cut
     */
    public void cut() throws IOException {
        output.cut(ring.progress());
    }

    @Override
    public void close() throws IOException {
        output.close();
    }
}
