package io.github.rseq4j.trace.probe;

import io.github.rseq4j.trace.ctf.Truncated;
import io.github.rseq4j.trace.layout.PacketLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/** Writes fields to an array, in the layout of a record. The code that {@link ProbeCompiler} makes calls it. */
final class FieldBytes {
    /* How it works
     *
     * A long text that certainly fits is copied by the JDK (MemorySegment.setString), which for ASCII copies from array
     * to array. If the copy begins with as many ASCII bytes as the text has characters, the text is ASCII, because each
     * character takes at least one byte.
     *
     * Any other text is copied by two loops. The first one copies characters while they are ASCII. The second one
     * encodes the rest in UTF-8, and counts the bytes of the whole text, also those that are cut.
     *
     * Nothing is allocated, except by the JDK for a long text that is not ASCII.
     *
     * Another thread can change an array of bytes while it is copied: each byte is recorded as it was before or after
     * that change. It cannot change a String.
     *
     * Refused: String.getBytes(int, int, byte[], int). It takes half the time for a long text, but can turn other
     * characters into ASCII.
     */
    private static final VarHandle SHORTS = MethodHandles.byteArrayViewVarHandle(short[].class,
            ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INTS = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class,
            ByteOrder.LITTLE_ENDIAN);
    private static final int ASCII_END = 0x80;
    private static final int TWO_BYTES_END = 0x800;
    private static final int CONTINUATION_BITS = 6;
    private static final int CONTINUATION_MASK = 0x3F;
    private static final int REPLACEMENT = '?';
    /** The least number of characters for which the JDK's copy is faster than a loop. */
    private static final int LONG_CHARS = 32;
    private static final int MAX_BYTES_BY_CHAR = 3;
    private static final long NOT_ASCII = 0x8080_8080_8080_8080L;

    private FieldBytes() {}

    static void putByte(byte[] to, int at, int value) {
        to[at] = (byte) value;
    }

    static void putShort(byte[] to, int at, int value) {
        SHORTS.set(to, at, (short) value);
    }

    static void putInt(byte[] to, int at, int value) {
        INTS.set(to, at, value);
    }

    static void putLong(byte[] to, int at, long value) {
        LONGS.set(to, at, value);
    }

    /** Returns the value that stands for an enumeration's constant in a record. */
    static int ordinal(@Nullable Enum<?> constant) {
        return constant == null ? PacketLayout.NULL_ORDINAL : constant.ordinal();
    }

    private static int putLengths(byte[] to, int at, long whole, int recorded) {
        INTS.set(to, at, (int) Math.min(whole, Truncated.MAX_LENGTH_BYTES));
        INTS.set(to, at + Integer.BYTES, recorded);
        return at + PacketLayout.LENGTHS_BYTES + recorded;
    }

    /**
     * Writes an array of bytes. It is cut if there is not enough room.
     *
     * @param to the record's array
     * @param at the offset of the field
     * @param end the end of the room for the field, which is at least that of the two lengths
     * @param bytes the field's value
     * @return the offset after the field
     */
    static int putBytes(byte[] to, int at, int end, byte @Nullable [] bytes) {
        if (bytes == null) {
            return putLengths(to, at, PacketLayout.NULL_LENGTH, 0);
        }
        int content = at + PacketLayout.LENGTHS_BYTES;
        int recorded = Math.min(bytes.length, end - content);
        System.arraycopy(bytes, 0, to, content, recorded);
        return putLengths(to, at, bytes.length, recorded);
    }

    /**
     * Writes a text in UTF-8. It is cut between two characters if there is not enough room.
     *
     * @param to the record's array
     * @param at the offset of the field
     * @param end the end of the room for the field, which is at least that of the two lengths
     * @param text the field's value
     * @return the offset after the field
     */
    static int putText(byte[] to, int at, int end, @Nullable String text) {
        if (text == null) {
            return putLengths(to, at, PacketLayout.NULL_LENGTH, 0);
        }
        int content = at + PacketLayout.LENGTHS_BYTES;
        if (text.length() >= LONG_CHARS && text.length() < (end - content) / MAX_BYTES_BY_CHAR) {
            // The room suffices, with the zero byte that setString appends, also if each character takes 3 bytes.
            MemorySegment.ofArray(to).setString(content, text);
            if (isAscii(to, content, content + text.length())) {
                return putLengths(to, at, text.length(), text.length());
            }
        }
        int fitting = Math.min(text.length(), end - content);
        int done = 0;
        while (done < fitting && text.charAt(done) < ASCII_END) {
            to[content + done] = (byte) text.charAt(done);
            done++;
        }
        return done == text.length() ? putLengths(to, at, done, done) : putRest(to, at, end, text, done);
    }

    private static boolean isAscii(byte[] bytes, int start, int end) {
        long all = 0;
        int next = start;
        for (; next <= end - Long.BYTES; next += Long.BYTES) {
            all |= (long) LONGS.get(bytes, next);
        }
        for (; next < end; next++) {
            all |= bytes[next];
        }
        return (all & NOT_ASCII) == 0;
    }

    /** Writes the rest of a text whose first characters, all ASCII, are written. */
    private static int putRest(byte[] to, int at, int end, String text, int written) {
        int content = at + PacketLayout.LENGTHS_BYTES;
        int next = content + written;
        long whole = written;
        boolean isCut = false;
        int count;
        for (int i = written; i < text.length(); i += count) {
            int character = text.codePointAt(i);
            count = Character.charCount(character);
            // UTF-8 has no half of a surrogate pair. It becomes a question mark, as in String.getBytes.
            int recorded = count == 1 && Character.isSurrogate((char) character) ? REPLACEMENT : character;
            int bytes = utf8Bytes(recorded);
            isCut |= bytes > end - next;
            if (!isCut) {
                putCharacter(to, next, recorded, bytes);
                next += bytes;
            }
            whole += bytes;
        }
        return putLengths(to, at, whole, next - content);
    }

    private static int utf8Bytes(int character) {
        return character < ASCII_END ? 1 : character < TWO_BYTES_END ? 2 : Character.isBmpCodePoint(character) ? 3 : 4;
    }

    private static void putCharacter(byte[] to, int at, int character, int bytes) {
        int rest = character;
        for (int i = bytes - 1; i > 0; i--) {
            to[at + i] = (byte) (ASCII_END | rest & CONTINUATION_MASK);
            rest >>>= CONTINUATION_BITS;
        }
        // The first byte begins with as many ones as there are bytes, and a zero; a single byte begins with a zero.
        to[at] = (byte) (bytes == 1 ? rest : -ASCII_END >> bytes - 1 | rest);
    }
}
