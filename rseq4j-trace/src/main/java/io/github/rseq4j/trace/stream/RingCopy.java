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
 * What a ring that overwrites holds, as packets, while sections write to it or behind a process that was killed.
 *
 * @param packets the packets, from the oldest on
 * @param torn how many sub-buffers were being opened when the process ended, and hold nothing whole any more
 */
public record RingCopy(List<Packet> packets, int torn) {
    /* How it works
     *
     * Sections write behind the position alone: into the open sub-buffer, and, when they open the next one, into that,
     * which is also the oldest. So a sub-buffer is whole if, behind the copy, the position has still not come to the
     * one before the one that takes its place. Where nobody writes any more even that one is whole, unless the section
     * that opens it had begun: the first thing it writes is where it begins.
     */

    /**
     * Copies a ring.
     *
     * @param ring the ring
     * @param isLive whether sections may be writing to it
     * @throws IOException when its position cannot be
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
                // What was copied before is older, so there would be a gap behind it.
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
     * @param folder the trace's
     * @param uuid the trace's
     * @param index which CPU's stream
     * @param counts counts packets
     * @return what was written
     * @throws IOException when it cannot be written
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
