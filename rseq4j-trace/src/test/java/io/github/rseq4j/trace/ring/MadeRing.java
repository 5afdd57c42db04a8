package io.github.rseq4j.trace.ring;

import io.github.rseq4j.interpreter.AddressSpace;
import io.github.rseq4j.trace.TracerTest;
import io.github.rseq4j.trace.layout.PacketLayout;
import java.util.HashMap;
import java.util.Map;
import java.util.function.LongConsumer;

/** A ring whose memory runs actions of a test before chosen reads and writes. */
public final class MadeRing implements AddressSpace {
    static final long BASE = 1 << 24;
    public static final int SUB = 1 << 12;
    public static final int COUNT = 8;
    public static final int RECORD = 24;

    private final Map<Long, Long> words = new HashMap<>();
    private final Map<Long, Runnable> whenRead = new HashMap<>();
    private final Map<Long, LongConsumer> whenWritten = new HashMap<>();
    public final PagedRing ring = new PagedRing(this, 0, BASE, SUB, (long) SUB * COUNT);

    public MadeRing() {
        ring.start(1);
    }

    @Override
    public long getLong(long address) {
        Runnable then = whenRead.remove(address);
        if (then != null) {
            then.run();
        }
        return words.getOrDefault(address, 0L);
    }

    @Override
    public void putLong(long address, long value) {
        LongConsumer then = whenWritten.get(address);
        if (then != null) {
            then.accept(value);
        }
        words.put(address, value);
    }

    /** Runs an action before the next read of a word of the ring. */
    public void whenRead(long position, Runnable then) {
        whenRead.put(BASE + (position & (long) SUB * COUNT - 1), then);
    }

    /** Runs an action before the next read of a word of the state. */
    public void whenStateRead(int offset, Runnable then) {
        whenRead.put(BASE - TraceRing.STATE_BYTES + offset, then);
    }

    /** Runs an action before each write of a word of the state. */
    public void whenWritten(int offset, LongConsumer then) {
        whenWritten.put(BASE - TraceRing.STATE_BYTES + offset, then);
    }

    /**
     * Writes, as sections do, one record to each of some sub-buffers. The last field of a record is the number of its
     * sub-buffer.
     *
     * @param from the number of the first sub-buffer
     * @param to the number of the last one, which stays open
     */
    public void fill(int from, int to) {
        fill(ring, from, to);
    }

    /** Writes the same records to another ring. */
    public static void fill(RingView ring, int from, int to) {
        for (int number = from; number <= to; number++) {
            long begin = (long) number * SUB;
            long time = 10L * number + 10;
            if (number > 0) {
                long before = begin - SUB;
                ring.putWord(before + TraceRing.CONTENT_BYTES, PacketLayout.RECORDS + RECORD);
                ring.putWord(before + PacketLayout.EVENTS_DISCARDED, ring.get(TraceRing.DISCARDED));
                ring.putWord(before + PacketLayout.TIMESTAMP_END, time);
                ring.put(TraceRing.LAST, time);
                ring.putWord(begin + TraceRing.BEGIN, begin);
                ring.putWord(begin + PacketLayout.TIMESTAMP_BEGIN, time);
            }
            record(ring, begin + PacketLayout.RECORDS, time + 1, number);
        }
    }

    /** Writes one record, as an event's section does. */
    public void record(long position, long time, long number) {
        record(ring, position, time, number);
    }

    private static void record(RingView ring, long position, long time, long number) {
        ring.put(TraceRing.LAST, time);
        ring.putWord(position, PacketLayout.compact(TracerTest.TWO.id(), 1) | time);
        ring.putWord(position + 8, 0);
        ring.putWord(position + 16, number);
        ring.put(TraceRing.POSITION, position + RECORD);
    }
}
