package io.github.rseq4j.trace.ring;

/**
 * Records events of probes, and adds time and thread. No method throws, and none blocks unless the tracer is asked to.
 *
 * <p>The caller passes fields in the layout of a record: little endian, without padding. If it passes them in words,
 * the lowest byte of the first field is the lowest byte of the first word, and the bytes after the last field are
 * zeros.
 */
public interface EventSink {
    /**
     * Records an event with up to 8 bytes of fields.
     *
     * @param recordBytes the length of the record, including a compact header, not rounded up
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
     * Records an event with fields of any length.
     *
     * @param id the event's number
     * @param fields an array that begins with the fields; the caller may reuse it after the call
     * @param fieldBytes the number of bytes of the fields
     */
    void recordBytes(int id, byte[] fields, int fieldBytes);
}
