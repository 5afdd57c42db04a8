package io.github.rseq4j.trace.ring;

import io.github.rseq4j.interpreter.AddressSpace;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** A ring in the fallback's memory, which ends with the process. */
public final class PagedRing implements RingView {
    private final AddressSpace memory;
    private final int index;
    private final long base;
    private final long subBytes;
    private final long ringBytes;
    private volatile Progress progress = Progress.NONE;

    /**
     * Makes a view of a ring whose state lies just below its bytes.
     *
     * @param memory the memory
     * @param index the stripe
     * @param base the address of the ring's bytes
     * @param subBytes the size of a sub-buffer
     * @param ringBytes the size of the ring
     */
    PagedRing(AddressSpace memory, int index, long base, long subBytes, long ringBytes) {
        this.memory = memory;
        this.index = index;
        this.base = base;
        this.subBytes = subBytes;
        this.ringBytes = ringBytes;
    }

    /** Returns the address of the ring's bytes. */
    long base() {
        return base;
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
        return memory.getLong(base - TraceRing.STATE_BYTES + offset);
    }

    @Override
    public void put(int offset, long value) {
        memory.putLong(base - TraceRing.STATE_BYTES + offset, value);
    }

    @Override
    public long word(long position) {
        return memory.getLong(base + (position & ringBytes - 1));
    }

    @Override
    public void putWord(long position, long value) {
        memory.putLong(base + (position & ringBytes - 1), value);
    }

    @Override
    public ByteBuffer bytes(long position, int count) {
        ByteBuffer copy = ByteBuffer.allocate(count + Long.BYTES - 1 & -Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        while (copy.hasRemaining()) {
            copy.putLong(word(position + copy.position()));
        }
        return copy.flip().limit(count);
    }

    @Override
    public Progress progress() {
        return progress;
    }

    @Override
    public void keep(Progress progress) {
        this.progress = progress;
    }
}
