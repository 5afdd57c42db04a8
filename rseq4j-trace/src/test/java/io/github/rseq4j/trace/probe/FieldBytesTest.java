package io.github.rseq4j.trace.probe;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.rseq4j.trace.ctf.Truncated;
import io.github.rseq4j.trace.layout.PacketLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Texts as they are recorded, compared with the JDK's encoding. */
final class FieldBytesTest {
    private static final int AT = 3;
    private static final byte UNTOUCHED = 0x55;

    private static void assertText(String text, int room) {
        byte[] whole = text.getBytes(StandardCharsets.UTF_8);
        byte[] expected = Truncated.of(new String(whole, StandardCharsets.UTF_8), room) instanceof Truncated cut
                ? cut.recorded() : whole;
        byte[] to = new byte[AT + PacketLayout.LENGTHS_BYTES + room + 1];
        Arrays.fill(to, UNTOUCHED);
        String where = "text=" + text + " room=" + room;
        int end = FieldBytes.putText(to, AT, to.length - 1, text);
        assertEquals(AT + PacketLayout.LENGTHS_BYTES + expected.length, end, where);
        ByteBuffer buffer = ByteBuffer.wrap(to).order(ByteOrder.LITTLE_ENDIAN).position(AT);
        assertEquals(whole.length, buffer.getInt(), where);
        assertEquals(expected.length, buffer.getInt(), where);
        assertArrayEquals(expected, Arrays.copyOfRange(to, buffer.position(), end), where);
        assertEquals(UNTOUCHED, to[AT - 1], where);
        assertEquals(UNTOUCHED, to[to.length - 1], where);
    }

    @Test
    void cutsTextsBetweenCharacters() {
        for (String text : List.of("", "a", "plain text", "\0", "a\u007f\u0080b", "\u07ff\u0800\uffff",
                "\ud83d\ude00x\ud83d\ude00", "x\udbff\udfff", "\ud800", "a\ud800", "\ud800a", "\udc00\ud800",
                "\ud800\ud800\udc00", "\u20acab", "ascii \u00e9 then ascii", "\u00e9\0\0")) {
            for (int room = 0; room <= text.length() * 3 + 2; room++) {
                assertText(text, room);
            }
        }
    }

    @Test
    void recordsLongTextsWithOneCharacterThatIsNotAsciiAtAnyPlace() {
        for (String odd : List.of("a", "\0", "\u0141", "\u00e9", "\u20ac", "\ud800", "\ud83d\ude00", "\u00e9\0")) {
            for (int length = 30; length <= 42; length++) {
                for (int place = 0; place <= length; place++) {
                    String text = "x".repeat(place) + odd + "y".repeat(length - place);
                    assertText(text, 3 * text.length() + 3);
                    assertText(text, text.length() + 1);
                    assertText(text, text.length() - 1);
                }
            }
        }
    }

    @Test
    void encodesEachCharacterAsTheJdkDoes() {
        for (int character = 0; character <= Character.MAX_CODE_POINT; character += character < 0x11000 ? 1 : 0x3FF) {
            assertText(Character.toString(character), 4);
        }
    }

    @Test
    void cutsAllCharactersAfterTheFirstThatDoesNotFit() {
        // The last character would fit.
        assertText("ab\u20acc", 3);
    }
}
