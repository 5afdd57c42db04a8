package io.github.rseq4j.jackson;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/** JSON documents by shape and size; each run makes the same ones. */
final class Documents {
    /** The first fits into a buffer, the second fills it once, and the third fills it many times. */
    static final List<Integer> SIZES_BYTES = List.of(70, 10_000, 1_000_000);

    private static final long SEED = 20_261_124;

    private Documents() {}

    /** The kinds of values in a document. */
    enum Shape {
        /** Strings in which nearly every character is escaped. */
        ESCAPES {
            @Override
            String value(SplittableRandom random, int bytes) {
                StringBuilder text = new StringBuilder("\"");
                while (text.length() < bytes / 8) {
                    text.append("\\u").append(String.format(Locale.ROOT, "%04x", 0x20 + random.nextInt(0xD7E0)));
                    text.append(SHORT.get(random.nextInt(SHORT.size())));
                }
                return text.append("\\uD83D\\uDE00\"").toString();
            }
        },
        /** Few strings of characters of one to four bytes; in a large document each is longer than a buffer. */
        LONG_STRINGS {
            @Override
            String value(SplittableRandom random, int bytes) {
                StringBuilder text = new StringBuilder("\"");
                while (text.length() < bytes / 5) {
                    text.append((char) ('a' + random.nextInt(26)));
                    switch (random.nextInt(200)) {
                        case 0 -> text.append('\u00e9');
                        case 1 -> text.append('\u20ac');
                        case 2 -> text.append("\ud83d\ude00");
                        default -> { }
                    }
                }
                return text.append('"').toString();
            }
        },
        /** Integers of any length, fractions and exponents. */
        NUMBERS {
            @Override
            String value(SplittableRandom random, int bytes) {
                return switch (random.nextInt(4)) {
                    case 0 -> Integer.toString(random.nextInt());
                    case 1 -> Long.toString(random.nextLong());
                    case 2 -> Double.toString(random.nextDouble() * 1e6);
                    default -> random.nextInt(1, 100) + "." + random.nextInt(1000) + "e-" + random.nextInt(30);
                };
            }
        },
        /** Small objects in arrays, as services send them. */
        RECORDS {
            @Override
            String value(SplittableRandom random, int bytes) {
                return "{\"id\":" + random.nextInt(1_000_000) + ",\"on\":" + random.nextBoolean() + ",\"tags\":[\"t"
                        + random.nextInt(10) + "\",null]}";
            }
        };

        private static final List<String> SHORT = List.of("\\n", "\\t", "\\\"", "\\\\", "\\/", "\\b", "\\f", "x");

        /** Returns a value for a document of a size. */
        abstract String value(SplittableRandom random, int bytes);
    }

    /** Returns a document of a size, rounded up to whole values. */
    static byte[] document(Shape shape, int bytes) {
        SplittableRandom random = new SplittableRandom(SEED + shape.ordinal());
        StringBuilder text = new StringBuilder("{");
        for (int i = 0; i == 0 || text.length() < bytes; i++) {
            text.append(i == 0 ? "" : ",").append("\"name").append(i).append("\":").append(shape.value(random, bytes));
        }
        return text.append('}').toString().getBytes(StandardCharsets.UTF_8);
    }

    /** Returns a document of each shape and size. */
    static List<byte[]> all() {
        List<byte[]> all = new ArrayList<>();
        for (Shape shape : Shape.values()) {
            SIZES_BYTES.forEach(bytes -> all.add(document(shape, bytes)));
        }
        return all;
    }

    /** Returns the small and the medium documents of {@link #all}. */
    static List<byte[]> small() {
        List<byte[]> all = all();
        return IntStream.range(0, all.size()).filter(i -> i % SIZES_BYTES.size() != SIZES_BYTES.size() - 1)
                .mapToObj(all::get).toList();
    }
}
