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

/** Which sub-buffers of a ring that overwrites are whole, worked out by hand. */
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
    void aRingThatIsNotFullIsCopiedFromItsBeginning() throws IOException {
        made.fill(0, 3);
        requirePackets(RingCopy.of(made.ring, true), 0, 3);
        requirePackets(RingCopy.of(made.ring, false), 0, 3);
    }

    /** The oldest sub-buffer is the one that the next switch opens: while sections run it may be being written. */
    @Test
    void aLiveRingHasAllButTheOldest() throws IOException {
        made.fill(0, LAST);
        requirePackets(RingCopy.of(made.ring, true), OLDEST + 1, LAST);
    }

    @Test
    void aRingThatStandsStillHasAll() throws IOException {
        made.fill(0, LAST);
        RingCopy copy = RingCopy.of(made.ring, false);
        requirePackets(copy, OLDEST, LAST);
        assertEquals(0, copy.torn());
    }

    /** A process was killed in the switch section: the first word that it writes says so. */
    @Test
    void theOldestIsTornWhereASwitchHadBegun() throws IOException {
        made.fill(0, LAST);
        long next = (LAST + 1L) * MadeRing.SUB;
        made.ring.putWord(next + TraceRing.BEGIN, next);
        RingCopy copy = RingCopy.of(made.ring, false);
        requirePackets(copy, OLDEST + 1, LAST);
        assertEquals(1, copy.torn());
    }

    /** Sections overtake the copy: what is left is without a gap, and nothing in it was written over. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 5})
    void whatIsOvertakenIsLeftOut(int ahead) throws IOException {
        made.fill(0, LAST);
        int reading = OLDEST + 3;
        made.whenRead((long) reading * MadeRing.SUB + PacketLayout.RECORDS, () -> made.fill(LAST + 1, LAST + ahead));
        RingCopy copy = RingCopy.of(made.ring, true);
        // Copied before that: they are whole. What follows them is whole unless the open one is right ahead of it.
        int whole = LAST + ahead + 2 - MadeRing.COUNT;
        requireNumbers(copy, whole <= reading ? OLDEST + 1 : whole, LAST);
    }

    private static void requireNumbers(RingCopy copy, long from, long to) {
        assertEquals(LongStream.rangeClosed(from, to).boxed().toList(), copy.packets().stream()
                .map(RingCopyTest::number).toList());
    }

    @Test
    void anEmptyRingHasNoPacket() throws IOException {
        assertEquals(List.of(), RingCopy.of(made.ring, true).packets());
    }
}
