package io.github.rseq4j.trace.stream;

import io.github.rseq4j.trace.common.TraceTime;
import io.github.rseq4j.trace.common.TracerCounts;
import io.github.rseq4j.trace.file.SafeFolder;
import io.github.rseq4j.trace.layout.PacketLayout;
import io.github.rseq4j.trace.ring.FileLimits;
import io.github.rseq4j.trace.ring.RingView;
import io.github.rseq4j.trace.ring.TraceRing;
import java.io.IOException;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * The content of an overwriting ring as packets, copied while sections write to the ring, or after the process was
 * killed.
 *
 * @param packets the packets, the oldest first
 * @param torn how many sub-buffers a section was opening when the process ended, so that their content is not complete
 */
public record RingCopy(List<Packet> packets, int torn) {
    /* How it works
     *
     * Sections write only to the open sub-buffer and, when they open the next one, to that one, which is also the
     * oldest. So a section can write to a sub-buffer's memory as soon as the position lies in the sub-buffer before the
     * one that replaces it.
     *
     *   While sections write:   copy the sub-buffer; acquire fence; read the position. The copy is complete if the
     *                           position did not come that far.
     *   After the process:      no section writes. The oldest sub-buffer is complete, unless a section was opening it:
     *                           the first word that this section stores is BEGIN, which then has another value.
     */

    /**
     * Copies a ring.
     *
     * @param ring the ring
     * @param isLive whether sections may be writing to the ring
     * @throws IOException when the ring's position is impossible
     */
    public static RingCopy of(RingView ring, boolean isLive) throws IOException {
        RingView.State state = ring.state(TraceTime::now);
        if (!ring.isPosition(state.position())) {
            throw ring.garbled();
        }
        long sub = ring.subBytes();
        long open = ring.begin(state.position());
        List<Packet> packets = new ArrayList<>();
        int torn = 0;
        long oldest = Math.max(0, open + sub - ring.ringBytes());
        for (long begin = oldest; begin <= open; begin += sub) {
            boolean isOpen = begin == open;
            if (!isLive && ring.word(begin + TraceRing.BEGIN) != begin) {
                torn++;
                continue;
            }
            Packet packet = packet(ring, begin, isOpen, state);
            if (isLive && !isWhole(ring, begin)) {
                // The packets that were copied before are older: a gap would follow them.
                packets.clear();
            } else if (packet.records().hasRemaining()) {
                packets.add(packet);
            }
        }
        return new RingCopy(packets, torn);
    }

    /**
     * Writes the packets as a stream.
     *
     * @param folder the trace's folder
     * @param uuid the trace's UUID
     * @param index the CPU index
     * @param counts counts packets
     * @return how much was written
     * @throws IOException when a packet cannot be written
     */
    public RingView.Progress writeTo(SafeFolder folder, UUID uuid, int index, TracerCounts counts) throws IOException {
        try (StreamOutput output = new StreamOutput(folder, uuid, index, FileLimits.NONE)) {
            RingView.Progress progress = RingView.Progress.NONE;
            for (Packet packet : packets) {
                progress = output.write(packet, progress, counts);
            }
            return progress;
        }
    }

    private static boolean isWhole(RingView ring, long begin) {
        VarHandle.acquireFence();
        return ring.begin(ring.position()) + 2 * ring.subBytes() - ring.ringBytes() <= begin;
    }

    private static Packet packet(RingView ring, long begin, boolean isOpen, RingView.State state) {
        long content = isOpen ? state.position() - begin : ring.word(begin + TraceRing.CONTENT_BYTES);
        int bytes = (int) (Math.clamp(content, PacketLayout.RECORDS, ring.subBytes()) - PacketLayout.RECORDS);
        ByteBuffer records = ByteBuffer.allocate(bytes).put(ring.bytes(begin + PacketLayout.RECORDS, bytes)).flip();
        return new Packet(ring.index(), begin / ring.subBytes(), ring.word(begin + PacketLayout.TIMESTAMP_BEGIN),
                isOpen ? state.last() : ring.word(begin + PacketLayout.TIMESTAMP_END),
                isOpen ? state.discarded() : ring.word(begin + PacketLayout.EVENTS_DISCARDED), records);
    }
}
