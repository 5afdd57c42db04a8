package io.github.rseq4j.trace.ring;

/**
 * The limits of a stream's files. A stream with limits consists of several files. If it exceeds the largest number of
 * files, the oldest one is deleted.
 *
 * @param maxFileBytes the largest size of a file, or {@code Long.MAX_VALUE} if a stream is one file
 * @param maxFiles the largest number of files of each stream
 */
public record FileLimits(long maxFileBytes, int maxFiles) {
    /** No limits: a stream is one file of any size. */
    public static final FileLimits NONE = new FileLimits(Long.MAX_VALUE, Integer.MAX_VALUE);
    /** The smallest permitted limit of a file's size, in bytes. */
    public static final long MIN_FILE_BYTES = 1 << 12;

    /**
     * Checks the limits.
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
