package io.github.rseq4j.percpu;

import java.lang.foreign.MemorySegment;

/**
 * Receives the records of a {@link PerCpuByteRing} or a {@link PerCpuByteStack} in place. It is called on the draining
 * thread.
 *
 * <p>The form is that of Agrona's MessageHandler.
 *
 * @since 0.1.0
 */
@FunctionalInterface
public interface RecordHandler {
    /**
     * Handles a record. The bytes are valid until this method returns or throws; afterwards the segment may contain
     * other records. Size and kind of the segment, and the offset in it, depend on the engine.
     *
     * @param segment a read-only segment that contains the record and may contain others
     * @param offsetBytes the offset of the record in the segment, in bytes
     * @param lengthBytes the length of the record in bytes
     */
    void onRecord(MemorySegment segment, long offsetBytes, int lengthBytes);
}
