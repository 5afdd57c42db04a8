package io.github.rseq4j.analysis.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;

/** The written text, compared with what Jackson reads and writes. */
class JsonTest {
    private static final JsonMapper JACKSON = JsonMapper.shared();

    private static String compact(@Nullable Object value) throws IOException {
        StringBuilder json = new StringBuilder();
        Json.compact(json).value(value);
        return json.toString();
    }

    private static @Nullable Object random(Random random, int depth) {
        return switch (random.nextInt(depth > 3 ? 7 : 10)) {
            case 0 -> null;
            case 1 -> random.nextBoolean();
            case 2 -> random.nextInt();
            case 3 -> random.nextLong();
            case 4 -> random.nextDouble();
            case 5 -> BigDecimal.valueOf(random.nextInt(), 3);
            case 6 -> "text" + random.nextInt(9);
            case 7, 8 -> {
                Map<String, @Nullable Object> map = new LinkedHashMap<>();
                for (int i = random.nextInt(4); i > 0; i--) {
                    map.put("key" + i, random(random, depth + 1));
                }
                yield map;
            }
            default -> {
                List<@Nullable Object> list = new ArrayList<>();
                for (int i = random.nextInt(4); i > 0; i--) {
                    list.add(random(random, depth + 1));
                }
                yield list;
            }
        };
    }

    @RepeatedTest(50)
    void writesTheSameTextAsJackson() throws IOException {
        long seed = new Random().nextLong();
        Map<String, @Nullable Object> value = new LinkedHashMap<>();
        value.put("value", random(new Random(seed), 0));
        String at = "seed=" + seed;
        assertEquals(JACKSON.writeValueAsString(value), compact(value), at);
        StringBuilder pretty = new StringBuilder();
        Json.pretty(pretty).value(value);
        assertEquals(JACKSON.writerWithDefaultPrettyPrinter().writeValueAsString(value), pretty.toString(), at);
    }

    @Test
    void escapesHiddenCharactersAndKeepsAllOthers() throws IOException {
        for (int c = 0; c <= Character.MAX_CODE_POINT; c += c < 0x3000 ? 1 : 0xFD) {
            String text = "a" + Character.toString(c) + "b";
            String json = compact(Map.of(text, text));
            assertTrue(json.codePoints().noneMatch(Printable::isHidden), json);
            String read = Character.getType(c) == Character.SURROGATE ? "a\uFFFDb" : text;
            assertEquals(Map.of(read, read), JACKSON.readValue(json, Map.class), Integer.toHexString(c));
        }
    }

    @Test
    void writesInfinitiesAndNaNAsTexts() throws IOException {
        assertEquals("[\"NaN\",\"Infinity\",\"-Infinity\",\"NaN\",1.5,-0.0]", compact(List.of(Double.NaN,
                Double.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, Float.NaN, 1.5f, -0.0)));
    }

    @Test
    void readsEachDigitAndTheSignOfZero() {
        String text = "{\"a\":[-0.0,0.0,-0,1.10,123456789012345678901234567890,-1E+400],\"b\":{\"c\":null,\"d\":true},"
                + "\"e\":\"x\",\"f\":[],\"g\":{}}";
        assertEquals(text.replace("-0,", "-0.0,"), Json.text(Json.parsed(text)));
        assertEquals("NaN", Json.parsed("NaN"));
        assertEquals("1 2", Json.parsed("1 2"));
        assertNull(Json.parsed("null"));
    }

    @Test
    void keepsATextFromEndingTheScriptOfAPage() throws IOException {
        StringBuilder json = new StringBuilder();
        Json.inPage(json).value(List.of("</script>"));
        assertFalse(json.toString().contains("<"), json.toString());
        assertEquals(List.of("</script>"), JACKSON.readValue(json.toString(), List.class));
    }

    @Test
    void writesADeepDocument() throws IOException {
        StringBuilder text = new StringBuilder();
        Json json = Json.compact(text);
        for (int i = 0; i < 100; i++) {
            json.beginArray();
        }
        for (int i = 0; i < 100; i++) {
            json.endArray();
        }
        assertEquals("[".repeat(100) + "]".repeat(100), text.toString());
    }
}
