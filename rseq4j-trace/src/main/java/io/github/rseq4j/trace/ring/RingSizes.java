package io.github.rseq4j.trace.ring;

/**
 * The sizes of a tracer's rings, and the limits of its streams' files. Each ring keeps these limits for a recovery.
 *
 * @param subBufferBytes the size of a sub-buffer: a power of two
 * @param ringBytes the size of a ring: a power of two, at least two sub-buffers
 * @param files the limits of the files
 */
public record RingSizes(int subBufferBytes, long ringBytes, FileLimits files) {
    /** The smallest sub-buffer, in bytes. */
    public static final int MIN_SUB_BUFFER_BYTES = 1 << 12;
    /** The largest sub-buffer, in bytes. */
    public static final int MAX_SUB_BUFFER_BYTES = 1 << 26;
}
