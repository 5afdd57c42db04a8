package io.github.rseq4j.trace.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.engine.NativeEngine;
import io.github.rseq4j.kernel.Architecture;
import io.github.rseq4j.kernel.Linux;
import io.github.rseq4j.kernel.Native;
import io.github.rseq4j.kernel.RawMemory;
import io.github.rseq4j.testing.Rseqs;
import io.github.rseq4j.trace.layout.PacketLayout;
import io.github.rseq4j.trace.ring.TraceRing;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Functions that record events for native code, on rings that this test makes in the engine's memory. */
final class NativeEventsKernelTest {
    private static final int SUB_BYTES = 128;
    private static final int RING_BYTES = 2 * SUB_BYTES;
    private static final int ID = 0xDC;

    private NativeEngine engine = Rseqs.require();
    private NativeEvents events = new NativeEvents(engine);
    private long cells;
    private long rings;

    @BeforeEach
    void makeRings() {
        engine = Rseqs.require();
        events = new NativeEvents(engine);
        cells = engine.reserve((long) engine.copies() << Engine.STRIDE_SHIFT);
        rings = engine.reserve((long) engine.copies() * (TraceRing.STATE_BYTES + RING_BYTES));
        for (int index = 0; index < engine.copies(); index++) {
            RawMemory.putLong(state(index) + TraceRing.POSITION, PacketLayout.RECORDS);
            put(index, TraceRing.SUB_MASK, SUB_BYTES - 1);
            put(index, TraceRing.RING_MASK, RING_BYTES - 1);
            put(index, TraceRing.BASE, ring(index));
            put(index, TraceRing.WINDOW, RING_BYTES - 2 * SUB_BYTES);
            put(index, TraceRing.LIMIT, SUB_BYTES - Long.BYTES);
        }
    }

    private long state(int index) {
        return rings + (long) index * (TraceRing.STATE_BYTES + RING_BYTES);
    }

    private long ring(int index) {
        return state(index) + TraceRing.STATE_BYTES;
    }

    private void put(int index, int offset, long value) {
        RawMemory.putLong(cells + ((long) index << Engine.STRIDE_SHIFT) + offset, value);
    }

    private long get(int index, int offset) {
        return RawMemory.getLong(state(index) + offset);
    }

    private long missed() {
        long sum = 0;
        for (int index = 0; index < engine.copies(); index++) {
            sum += RawMemory.getLong(cells + ((long) index << Engine.STRIDE_SHIFT) + TraceRing.MISSED);
        }
        return sum;
    }

    private long sum(int offset) {
        long sum = 0;
        for (int index = 0; index < engine.copies(); index++) {
            sum += get(index, offset);
        }
        return sum;
    }

    private NativeEvents.Event event(List<Integer> fieldBytes) {
        NativeEvents.Event event = events.event("tried", cells, ID, fieldBytes);
        RawMemory.putLong(event.enabledWord(), 1);
        return event;
    }

    /** Returns the one index whose ring has a record. */
    private int written() {
        int found = -1;
        for (int index = 0; index < engine.copies(); index++) {
            if (get(index, TraceRing.POSITION) != PacketLayout.RECORDS) {
                assertEquals(-1, found, "one ring was written to");
                found = index;
            }
        }
        assertTrue(found >= 0, "a ring was written to");
        return found;
    }

    @Test
    void recordsFieldsOfEverySizeSideBySide() {
        for (int index = 0; index < engine.copies(); index++) {
            put(index, TraceRing.EPOCH_SIZE, -1);
        }
        NativeEvents.Event event = event(List.of(1, 2, 8, 1, 4));
        long dirt = 0x5A5A_5A5A_5A5A_0000L;
        assertEquals(0, Native.call(event.entry(), dirt | 0x1180L, dirt | 0xFFFEL, 0x0123_4567_89AB_CDEFL,
                dirt | 0x2201L, 0x7777_7777_8000_0003L).value());
        int index = written();
        long record = ring(index) + PacketLayout.RECORDS;
        assertEquals(PacketLayout.RECORDS + 8 + 16, get(index, TraceRing.POSITION));
        assertEquals(PacketLayout.compact(ID, -Linux.gettid()),
                RawMemory.getLong(record) - get(index, TraceRing.LAST));
        // 80 | FE FF | EF CD AB 89 67 45 23 01 | 01 | 03 00 00 80
        assertEquals(0x6789_ABCD_EFFF_FE80L, RawMemory.getLong(record + 8));
        assertEquals(0x8000_0003_0101_2345L, RawMemory.getLong(record + 16));
    }

    @Test
    void recordsAFullHeaderWhereTheEpochIsOver() {
        assertEquals(0, Native.call(event(List.of(8)).entry(), 0x0123_4567_89AB_CDEFL).value());
        int index = written();
        long record = ring(index) + PacketLayout.RECORDS;
        long time = get(index, TraceRing.LAST);
        assertEquals(PacketLayout.RECORDS + 24 + 8, get(index, TraceRing.POSITION));
        assertEquals(PacketLayout.full(-1) | time & PacketLayout.TIME_MASK, RawMemory.getLong(record));
        assertEquals(time, RawMemory.getLong(record + PacketLayout.FULL_TIMESTAMP));
        assertEquals(PacketLayout.fullNumbers(ID, -Linux.gettid()),
                RawMemory.getLong(record + PacketLayout.FULL_NUMBERS));
        assertEquals(time & ~PacketLayout.TIME_MASK, get(index, TraceRing.EPOCH));
        assertEquals(0x0123_4567_89AB_CDEFL, RawMemory.getLong(record + 24));
    }

    @Test
    void recordsAFullHeaderOfALargeNumber() {
        for (int index = 0; index < engine.copies(); index++) {
            put(index, TraceRing.EPOCH_SIZE, -1);
        }
        NativeEvents.Event event = events.event("large", cells, 0xFEDC, List.of());
        RawMemory.putLong(event.enabledWord(), 1);
        assertEquals(0, Native.call(event.entry()).value());
        long record = ring(written()) + PacketLayout.RECORDS;
        assertTrue(PacketLayout.isFull(RawMemory.getLong(record)));
        assertEquals(PacketLayout.fullNumbers(0xFEDC, -Linux.gettid()),
                RawMemory.getLong(record + PacketLayout.FULL_NUMBERS));
    }

    @Test
    void recordsNothingWhileDisabled() {
        NativeEvents.Event event = event(List.of());
        RawMemory.putLong(event.enabledWord(), 0);
        assertTrue(Native.call(event.entry()).value() < 0, "nothing was recorded");
        assertEquals((long) engine.copies() * PacketLayout.RECORDS, sum(TraceRing.POSITION));
    }

    @Test
    void opensSubBuffersDiscardsWhenFullAndStopsWhenClosed() {
        NativeEvents.Event event = event(List.of(8));
        int calls = 100;
        for (int i = 0; i < calls; i++) {
            assertTrue(Native.call(event.entry(), i).value() <= 0, "0, or an exit");
        }
        long written = 0;
        for (int index = 0; index < engine.copies(); index++) {
            // One record fits into a sub-buffer, after its header.
            written += (get(index, TraceRing.POSITION) & SUB_BYTES - 1) / (PacketLayout.RECORDS + 24)
                    + get(index, TraceRing.POSITION) / SUB_BYTES;
        }
        assertEquals(calls, written + sum(TraceRing.DISCARDED));
        assertTrue(sum(TraceRing.DISCARDED) >= calls - 2L * engine.copies(), "rings of two records are full soon");
        long positions = sum(TraceRing.POSITION);
        for (int index = 0; index < engine.copies(); index++) {
            put(index, TraceRing.LIMIT, 0);
        }
        engine.fence();
        assertTrue(Native.call(event.entry(), calls).value() < 0, "closed");
        assertEquals(positions, sum(TraceRing.POSITION));
        assertEquals(calls, written + sum(TraceRing.DISCARDED), "no ring counts the event after that");
        assertEquals(1, missed(), "the head counts it");
        assertEquals(0, events.lost());
    }

    @Test
    void samplerRecordsTheAddressInTheContext() {
        NativeEvents.Event sampler = events.sampler(cells, ID);
        RawMemory.putLong(sampler.enabledWord(), 1);
        long context = engine.reserve(1 << 12);
        int pc = Objects.requireNonNull(Architecture.host()).ucontextPc();
        RawMemory.putLong(context + pc, 0x0102_0304_0506_0708L);
        assertEquals(0, Native.call(sampler.entry(), 27, 0, context).value());
        int index = written();
        assertEquals(0x0102_0304_0506_0708L, RawMemory.getLong(ring(index) + PacketLayout.RECORDS
                + PacketLayout.FULL_FIELDS));
    }

    @Test
    void refusesMoreFieldsThanArgumentRegisters() {
        IllegalArgumentException refused = assertThrows(IllegalArgumentException.class,
                () -> events.event("wide", cells, ID, Collections.nCopies(7, 8)));
        assertEquals("event=wide, fields=7: at most 6", refused.getMessage());
    }
}
