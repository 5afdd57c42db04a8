package io.github.rseq4j.trace.ring;

/**
 * The limits of a stream's files: each CPU's is several files, of which the oldest is dropped.
 *
 * @param maxFileBytes how long a file may be, or {@code Long.MAX_VALUE} where a stream is one file
 * @param maxFiles how many files each CPU may have
 */
public record FileLimits(long maxFileBytes, int maxFiles) {
    /** A stream is one file, of any length. */
    public static final FileLimits NONE = new FileLimits(Long.MAX_VALUE, Integer.MAX_VALUE);
    /** The least length of a file, in bytes. */
    public static final long MIN_FILE_BYTES = 1 << 12;

    /**
     * Checks it.
     *
     * @throws IllegalArgumentException when a number is out of range
     */
    public FileLimits {
        if (maxFileBytes < MIN_FILE_BYTES) {
            throw new IllegalArgumentException("maxFileBytes=" + maxFileBytes + ", must be " + MIN_FILE_BYTES + " to "
                    + (Long.MAX_VALUE - 1));
        }
        if (maxFiles < 1) {
            throw new IllegalArgumentException("maxFiles=" + maxFiles + ", must be 1 to " + Integer.MAX_VALUE);
        }
    }

    /** Tells whether a stream is one file. */
    public boolean isOneFile() {
        return maxFileBytes == Long.MAX_VALUE;
    }
}
