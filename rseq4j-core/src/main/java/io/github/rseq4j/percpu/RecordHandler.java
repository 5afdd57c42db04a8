package io.github.rseq4j.percpu;

import java.lang.foreign.MemorySegment;

/**
 * Gets the records of a {@link PerCpuByteRing} or a {@link PerCpuByteStack} where they lie, without a copy of its own.
 *
 * <p>The form is that of Agrona's MessageHandler.
 *
 * @since 0.1.0
 */
@FunctionalInterface
public interface RecordHandler {
    /**
     * Handles a record. The bytes are the record's until this method returns or throws; afterwards the segment may show
     * other records.
     *
     * @param segment holds the record, read only; several records of a drain may come with one segment
     * @param offsetBytes where the record begins in the segment, in bytes
     * @param lengthBytes the record's length in bytes
     */
    void onRecord(MemorySegment segment, long offsetBytes, int lengthBytes);
}
