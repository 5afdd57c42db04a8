package io.github.rseq4j.trace.ctf;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The value of a String or of a byte array whose end was cut. Immutable.
 *
 * @param recorded the recorded bytes; UTF-8 for a String
 * @param lengthBytes the original length in bytes, up to {@link #MAX_LENGTH_BYTES}
 * @since 0.1.0
 */
public record Truncated(byte[] recorded, long lengthBytes) {
    /** The longest original length, in bytes. The next number stands for null. */
    public static final long MAX_LENGTH_BYTES = 0xFFFF_FFFEL;

    /**
     * Checks the original length.
     *
     * @throws IllegalArgumentException if the original length is not above the recorded length, or exceeds
     *     {@link #MAX_LENGTH_BYTES}
     */
    public Truncated {
        recorded = recorded.clone();
        if (lengthBytes <= recorded.length || lengthBytes > MAX_LENGTH_BYTES) {
            throw new IllegalArgumentException("lengthBytes=" + lengthBytes + ": must be above " + recorded.length
                    + " and at most " + MAX_LENGTH_BYTES);
        }
    }

    /**
     * Cuts a text to a number of bytes, between two characters.
     *
     * @param text the text
     * @param limitBytes the largest number of bytes of UTF-8, 0 or more
     * @return the text itself if it is short enough, or a Truncated
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

    /** {@return the recorded bytes as text} Bytes that are not UTF-8 become replacement characters. */
    public String text() {
        return new String(recorded, StandardCharsets.UTF_8);
    }

    /** {@return a copy of the recorded bytes} */
    @Override
    public byte[] recorded() {
        return recorded.clone();
    }

    /** Compares the recorded bytes by their content, and the original lengths. */
    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Truncated that && that.lengthBytes == lengthBytes
                && Arrays.equals(that.recorded, recorded);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(recorded) * 31 + Long.hashCode(lengthBytes);
    }

    /** Returns both lengths and {@link #text}. */
    @Override
    public String toString() {
        return recorded.length + " of " + lengthBytes + " bytes: " + text();
    }
}
