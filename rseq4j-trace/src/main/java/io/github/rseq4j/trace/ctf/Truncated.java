package io.github.rseq4j.trace.ctf;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The value of a String or of an array of bytes of which only the beginning was recorded.
 *
 * @param recorded what was recorded; of a String, in UTF-8
 * @param lengthBytes how long the whole was, unsigned 32 bits
 */
public record Truncated(byte[] recorded, long lengthBytes) {
    /** The longest whole, in bytes: one more is what stands for null. */
    public static final long MAX_LENGTH_BYTES = 0xFFFF_FFFEL;

    /**
     * Checks it.
     *
     * @throws IllegalArgumentException when the whole is not longer than its beginning, or too long
     */
    public Truncated {
        recorded = recorded.clone();
        if (lengthBytes <= recorded.length || lengthBytes > MAX_LENGTH_BYTES) {
            throw new IllegalArgumentException("lengthBytes=" + lengthBytes + ": must be above " + recorded.length
                    + " and at most " + MAX_LENGTH_BYTES);
        }
    }

    /**
     * Returns what of a text is recorded where its bytes are limited: all, or as many whole characters as fit.
     *
     * @param text the text
     * @param limitBytes how many bytes of UTF-8 may be recorded
     * @return the text itself, or its beginning
     */
    public static Object of(String text, int limitBytes) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        if (bytes.length <= limitBytes) {
            return text;
        }
        int end = limitBytes;
        while (end > 0 && (bytes[end] & 0xC0) == 0x80) {
            end--;
        }
        return new Truncated(Arrays.copyOf(bytes, end), bytes.length);
    }

    /** {@return the recorded bytes as text} Bytes that are no UTF-8 become replacement characters. */
    public String text() {
        return new String(recorded, StandardCharsets.UTF_8);
    }

    /** {@return the recorded bytes, an array of the caller's own} */
    @Override
    public byte[] recorded() {
        return recorded.clone();
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Truncated that && that.lengthBytes == lengthBytes
                && Arrays.equals(that.recorded, recorded);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(recorded) * 31 + Long.hashCode(lengthBytes);
    }

    @Override
    public String toString() {
        return recorded.length + " of " + lengthBytes + " bytes: " + text();
    }
}
