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

/** Writes one ring's records to its stream's files, each once, and gives its sub-buffers free. One thread at a time. */
public final class RingDrain implements AutoCloseable {
    /* How it works
     *
     * Finished sub-buffers are written as packets. What is in the open one is written as a packet as well when somebody
     * asks for that: from where it was written before, up to the position; the rest follows as further packets. So
     * nobody needs to run on a ring's CPU to flush it.
     *
     * What was written is kept behind the write and ahead of giving free: a process that is killed in between leaves
     * what it wrote in the ring as well, and who recovers cuts the file to what was kept, and writes it again.
     *
     * Who can write to the ring's memory may have it say anything. A position that cannot be is told once, and nothing
     * more is written of that ring; whatever else is garbled there, work and lengths are bounded by the ring's size.
     *
     * A disk that is full or a file that is gone changes nothing: the ring keeps what it has, fills up, counts what
     * finds no room, and is drained when there is room again.
     */
    private final RingView ring;
    private final StreamOutput output;
    private final TracerCounts counts;
    private boolean isGarbled;
    /** When it may be tried again, by nanoTime; 0 where nothing failed. */
    private long dueAt;

    public RingDrain(RingView ring, StreamOutput output, TracerCounts counts) {
        this.ring = ring;
        this.output = output;
        this.counts = counts;
    }

    /** Returns the ring. */
    RingView ring() {
        return ring;
    }

    /** Tells whether it is its turn. */
    boolean isDue() {
        return dueAt == 0 || System.nanoTime() - dueAt >= 0;
    }

    /**
     * Lets its turn come later, once.
     *
     * @param pauseNanos in how long
     */
    void postpone(long pauseNanos) {
        dueAt = System.nanoTime() + pauseNanos | 1;
    }

    /**
     * Writes what is finished.
     *
     * @param isWhole whether to write what is in the open sub-buffer, too
     * @return whether something was written
     * @throws IOException when something cannot be written; it is still there
     */
    public boolean drain(boolean isWhole) throws IOException {
        dueAt = 0;
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
        for (long begin = ring.begin(progress.flushed()); begin < open; begin += ring.subBytes()) {
            long content = Math.clamp(ring.word(begin + TraceRing.CONTENT_BYTES), PacketLayout.RECORDS,
                    ring.subBytes());
            progress = write(progress, begin + content, ring.word(begin + PacketLayout.TIMESTAMP_END),
                    ring.word(begin + PacketLayout.EVENTS_DISCARDED));
            long next = begin + ring.subBytes();
            progress = new Progress(next + PacketLayout.RECORDS, progress.file(), progress.fileBytes(),
                    progress.packets(), progress.discarded());
            ring.keep(progress);
            VarHandle.releaseFence();
            ring.put(TraceRing.CONSUMED, next);
        }
        if (isWhole && state.isOfOneMoment()) {
            ring.keep(write(progress, state.position(), state.last(), state.discarded()));
        }
        return ring.progress().packets() != packets;
    }

    /** Less than a ring lies between what was written and what is to be: sections open free sub-buffers alone. */
    private boolean canBe(long position, long flushed) {
        return ring.isPosition(position) && PacketLayout.aligned(position) >= flushed
                && ring.begin(position) - ring.begin(flushed) < ring.ringBytes();
    }

    /** Writes a packet of what is behind what was written, up to the end of a record of the same sub-buffer. */
    private Progress write(Progress before, long end, long time, long discarded) throws IOException {
        long from = before.flushed();
        boolean isEmpty = from >= end;
        if (isEmpty && discarded == before.discarded()) {
            return before;
        }
        ByteBuffer records = isEmpty ? ByteBuffer.allocate(0) : ring.bytes(from, (int) (end - from));
        long first = isEmpty ? time : ring.word(from);
        Progress after = output.write(new Packet(ring.index(), before.packets(), first, time, discarded, records),
                before, counts);
        return new Progress(isEmpty ? from : PacketLayout.aligned(end), after.file(), after.fileBytes(),
                after.packets(), after.discarded());
    }

    /**
     * Counts the records that were not written, of a ring that no section writes to any more.
     *
     * @param events the trace's, by their numbers
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
            int id = (int) records.getLong(records.position() + PacketLayout.RECORD_ID_AND_THREAD) & EventType.MAX_ID;
            EventType type = events.get(id);
            int bytes = type == null ? -1 : recordBytes(type, records);
            count++;
            records.position(bytes < 0 ? records.limit()
                    : (int) Math.min(records.limit(), records.position() + PacketLayout.aligned(bytes)));
        }
        return count;
    }

    /** Returns how many bytes the record takes that is next, or -1 when it does not end among these bytes. */
    private static int recordBytes(EventType type, ByteBuffer record) {
        long bytes = PacketLayout.RECORD_FIELDS;
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
     * Cuts off what a process that was killed has left behind what it kept.
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
