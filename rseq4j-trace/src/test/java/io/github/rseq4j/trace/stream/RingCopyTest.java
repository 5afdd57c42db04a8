package io.github.rseq4j.trace.stream;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.rseq4j.trace.layout.PacketLayout;
import io.github.rseq4j.trace.ring.MadeRing;
import io.github.rseq4j.trace.ring.TraceRing;
import java.io.IOException;
import java.nio.ByteOrder;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The complete sub-buffers of an overwriting ring, computed by hand. */
final class RingCopyTest {
    private static final int LAST = 21;
    private static final int OLDEST = LAST + 1 - MadeRing.COUNT;

    private final MadeRing made = new MadeRing();

    private static long number(Packet packet) {
        return packet.records().duplicate().order(ByteOrder.LITTLE_ENDIAN).getLong(MadeRing.RECORD - Long.BYTES);
    }

    private static void requirePackets(RingCopy copy, long from, long to) {
        assertEquals(LongStream.rangeClosed(from, to).boxed().toList(),
                copy.packets().stream().map(Packet::sequence).toList());
        for (Packet packet : copy.packets()) {
            long number = packet.sequence();
            assertEquals(MadeRing.RECORD, packet.records().remaining());
            assertEquals(number, number(packet), packet::toString);
            assertEquals(number == 0 ? 1 : 10 * number + 10, packet.begin(), packet::toString);
            assertEquals(number == to ? 10 * number + 11 : 10 * number + 20, packet.end(), packet::toString);
        }
    }

    @Test
    void copiesARingThatIsNotFullFromItsBeginning() throws IOException {
        made.fill(0, 3);
        requirePackets(RingCopy.of(made.ring, true), 0, 3);
        requirePackets(RingCopy.of(made.ring, false), 0, 3);
    }

    /** The next switch opens the oldest sub-buffer. While sections run, that switch may have begun. */
    @Test
    void copiesAllButTheOldestSubBufferWhileSectionsRun() throws IOException {
        made.fill(0, LAST);
        requirePackets(RingCopy.of(made.ring, true), OLDEST + 1, LAST);
    }

    @Test
    void copiesAllSubBuffersWhenNoSectionRuns() throws IOException {
        made.fill(0, LAST);
        RingCopy copy = RingCopy.of(made.ring, false);
        requirePackets(copy, OLDEST, LAST);
        assertEquals(0, copy.torn());
    }

    /** A process was killed in the switch section. The first word that this section stores shows it. */
    @Test
    void countsTheOldestSubBufferAsTornWhenASwitchHadBegun() throws IOException {
        made.fill(0, LAST);
        long next = (LAST + 1L) * MadeRing.SUB;
        made.ring.putWord(next + TraceRing.BEGIN, next);
        RingCopy copy = RingCopy.of(made.ring, false);
        requirePackets(copy, OLDEST + 1, LAST);
        assertEquals(1, copy.torn());
    }

    /** Sections overtake the copy. The copied packets have no gap, and none of them has been overwritten. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 5})
    void leavesOutSubBuffersThatSectionsOverwriteMeanwhile(int count) throws IOException {
        made.fill(0, LAST);
        int reading = OLDEST + 3;
        made.whenRead((long) reading * MadeRing.SUB + PacketLayout.RECORDS, () -> made.fill(LAST + 1, LAST + count));
        RingCopy copy = RingCopy.of(made.ring, true);
        // Sub-buffers that were copied before are complete. A later one is complete, unless the next switch opens it
        // or a switch has opened it.
        int complete = LAST + count + 2 - MadeRing.COUNT;
        requireNumbers(copy, complete <= reading ? OLDEST + 1 : complete, LAST);
    }

    private static void requireNumbers(RingCopy copy, long from, long to) {
        assertEquals(LongStream.rangeClosed(from, to).boxed().toList(), copy.packets().stream()
                .map(RingCopyTest::number).toList());
    }

    @Test
    void copiesNoPacketOfAnEmptyRing() throws IOException {
        assertEquals(List.of(), RingCopy.of(made.ring, true).packets());
    }
}
