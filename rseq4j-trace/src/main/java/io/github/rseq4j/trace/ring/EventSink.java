package io.github.rseq4j.trace.ring;

/**
 * Where probes put records. It adds time and thread. No method throws, and none blocks. Fields are given as they lie in
 * a record: little endian, without padding; in words, the first field's lowest byte lowest, and zeros above the last.
 */
public interface EventSink {
    /**
     * Records an event with up to 8 bytes of fields.
     *
     * @param recordBytes the record's length, its two words included and not rounded
     * @param id the event's number
     * @param w0 the fields
     */
    void record1(int recordBytes, int id, long w0);

    /** Records an event with 9 to 16 bytes of fields. */
    void record2(int recordBytes, int id, long w0, long w1);

    /** Records an event with 17 to 24 bytes of fields. */
    void record3(int recordBytes, int id, long w0, long w1, long w2);

    /** Records an event with 25 to 32 bytes of fields. */
    void record4(int recordBytes, int id, long w0, long w1, long w2, long w3);

    /** Records an event with 33 to 64 bytes of fields. */
    void record8(int recordBytes, int id, long w0, long w1, long w2, long w3, long w4, long w5, long w6, long w7);

    /**
     * Records an event with any other fields.
     *
     * @param id the event's number
     * @param fields begins with the fields; it is read until this returns
     * @param fieldBytes how many bytes they have
     */
    void recordBytes(int id, byte[] fields, int fieldBytes);
}
