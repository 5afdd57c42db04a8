package io.github.rseq4j.trace.ctf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.trace.ctf.MetadataTokens.Unexpected;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** JSON of any content is read as it was written; what is no JSON is refused where it ends to be. */
class JsonTest {
    private static final int MANY = 10_000;

    /** Returns the bytes of a text, each as a character. */
    private static String bytes(String text) {
        return new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
    }

    private static Object parse(String text) throws Unexpected {
        return Json.parse(text, 0, text.length(), MANY);
    }

    @Test
    void readsEachKindOfValue() throws Unexpected {
        assertEquals(List.of(0L, -1L, 1.5, -0.0, 2e3, 1e-2, 1.8446744073709552E19, Long.MIN_VALUE, true, false,
                Json.Literal.NULL, Map.of(), List.of()),
                parse(" [0, -1, 1.5, -0, 2e3, 1E-2, 18446744073709551615, -9223372036854775808, true, false,\n\t"
                        + "null, {}, [ ]]\r\n "));
        assertEquals("\"\\/\b\f\n\r\t\u00e9 A \ud83d\ude00 \u00e9\u20ac",
                parse(bytes("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\u00e9 \\u0041 \\uD83D\\ude00 \\u00e9\u20ac\"")));
        assertEquals(List.of("b", "a"), List.copyOf(((Map<?, ?>) parse("{\"b\":1,\"a\":2}")).keySet()));
        assertEquals(7L, Json.parse("x7y", 1, 2, MANY), "only the part that was given");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '\'', value = {
        "''                | 0", "[1,]             | 3", "[1 2]            | 3", "{1:2}            | 1",
        "{\"a\" 1}         | 5", "{\"a\":1,\"a\":2} | 7", "01               | 0", "-                | 1",
        "1.               | 2", "1e               | 2", "+1               | 0", ".5               | 0",
        "tru              | 0", "truex            | 4", "NaN              | 0", "\"a              | 2",
        "\"\\x\"          | 2", "\"\\u12g4\"      | 5", "\"\\ud800\"      | 7", "\"\\udc00\"      | 7",
        "[1]]             | 3", "{\"a\":1         | 6", "\"\\ud800\\u0041\" | 13", "'[1] /*c*/'      | 4"})
    void refusesWithTheOffset(String text, int offset) {
        Unexpected refused = assertThrows(Unexpected.class, () -> parse(text));
        assertEquals(offset, refused.offset(), refused::getMessage);
    }

    @Test
    void refusesWhatIsTooDeepTooManyOrNoUtf8() {
        int most = Json.MAX_DEPTH;
        assertEquals(most, assertThrows(Unexpected.class, () -> parse("[".repeat(1_000_000))).offset());
        assertTrue(String.valueOf(assertThrows(Unexpected.class, () -> Json.parse("[1,2,3]", 0, 7, 3)).getMessage())
                .startsWith("too many values"));
        assertThrows(Unexpected.class, () -> parse("\"\u0080\""), "no UTF-8");
        assertThrows(Unexpected.class, () -> parse("\"\n\""), "a control character");
        assertThrows(Unexpected.class, () -> parse("1".repeat(1000)));
        assertThrows(Unexpected.class, () -> parse('"' + "x".repeat(2 * MetadataTokens.MAX_TOKEN_BYTES) + '"'));
    }

    private static Object value(Random random, int depth) {
        return switch (random.nextInt(depth < 6 ? 6 : 4)) {
            case 0 -> random.nextLong();
            case 1 -> random.nextDouble() * 1e20;
            case 2 -> random.nextInt(3) == 0 ? Json.Literal.NULL : (Object) random.nextBoolean();
            case 3 -> text(random);
            case 4 -> {
                List<Object> list = new ArrayList<>();
                for (int i = random.nextInt(5); i > 0; i--) {
                    list.add(value(random, depth + 1));
                }
                yield list;
            }
            default -> {
                Map<String, Object> map = new LinkedHashMap<>();
                for (int i = random.nextInt(5); i > 0; i--) {
                    map.put(text(random), value(random, depth + 1));
                }
                yield map;
            }
        };
    }

    private static String text(Random random) {
        StringBuilder text = new StringBuilder();
        for (int i = random.nextInt(12); i > 0; i--) {
            int codePoint = random.nextInt(random.nextBoolean() ? 0x100 : Character.MAX_CODE_POINT + 1);
            text.appendCodePoint(Character.MIN_SURROGATE <= codePoint && codePoint <= Character.MAX_SURROGATE
                    ? '"' : codePoint);
        }
        return text.toString();
    }

    @RepeatedTest(20)
    void readsWhatWasWritten() throws Unexpected {
        long seed = new Random().nextLong();
        Random random = new Random(seed);
        for (int i = 0; i < 100; i++) {
            Object value = value(random, 0);
            StringBuilder text = new StringBuilder();
            Json.write(value, text);
            assertEquals(value, parse(bytes(text.toString())), "seed=" + seed + " " + text);
            assertTrue(text.chars().noneMatch(c -> c < ' ' || c == 0x7F), "one line");
        }
    }

    @RepeatedTest(20)
    void whateverIsReadThrowsNothingElse() {
        long seed = new Random().nextLong();
        Random random = new Random(seed);
        for (int i = 0; i < 200; i++) {
            StringBuilder text = new StringBuilder();
            Json.write(value(random, 0), text);
            byte[] bytes = text.append("          ").toString().getBytes(StandardCharsets.UTF_8);
            String mutant = new String(FuzzedTraceTest.mutated(bytes, random), StandardCharsets.ISO_8859_1);
            try {
                parse(mutant);
            } catch (Unexpected e) {
                assertTrue(e.offset() >= 0 && e.offset() <= mutant.length(), "seed=" + seed);
            } catch (RuntimeException e) {
                throw new AssertionError("seed=" + seed, e);
            }
        }
    }

    @Test
    void aLoneSurrogateIsAQuestionMark() {
        StringBuilder text = new StringBuilder();
        Json.write("a\ud800b\udc00", text);
        assertEquals("\"a?b?\"", text.toString());
    }
}
