package io.github.rseq4j.trace.ctf;

import io.github.rseq4j.trace.layout.PacketLayout;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Makes up traces: events of all types of fields, and records of values that are often extreme. */
final class RandomTraces {
    private static final FieldType.Basic[] BASICS = FieldType.Basic.values();
    /** A character of one, two, three and four bytes of UTF-8, and of other planes. */
    private static final int[] CHARACTERS = {'a', 'Z', ' ', '"', '\\', '\n', '\t', 0x7F, 0x1B, 0xE9, 0x3A9, 0x20AC,
        0xFFFD, 0x1F600, 0x20000, 0x30000, 0xE0001, 0xF0000, 0x10FFFD};
    private static final long[] LONGS = {0, 1, -1, Long.MIN_VALUE, Long.MAX_VALUE, 0xFFFF_FFFFL, 1L << 52};
    private static final double[] DOUBLES = {0, -0.0, 1, -1.5, Double.MIN_VALUE, Double.MAX_VALUE, Double.NaN,
        Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, 1e-300};

    private final Random random;
    private final boolean hasNul;

    /**
     * @param random what all is taken from
     * @param hasNul whether texts may hold the character 0, at which they end for other readers
     */
    RandomTraces(Random random, boolean hasNul) {
        this.random = random;
        this.hasNul = hasNul;
    }

    /** The written trace: its description, and its events in the order of time. */
    record Written(TraceDescription description, List<TraceEvent> events) {}

    TraceDescription description() {
        List<EventType> events = new ArrayList<>();
        int count = 1 + random.nextInt(6);
        for (int i = 0; i < count; i++) {
            List<EventType.Field> fields = new ArrayList<>();
            int fieldCount = i == 0 ? 0 : random.nextInt(13);
            for (int f = 0; f < fieldCount; f++) {
                // Names of lengths are made of a field's: others may be called so too.
                String name = switch (random.nextInt(f == 0 ? 2 : 3)) {
                    case 0 -> "f" + f;
                    case 1 -> KEYWORDS.get(f);
                    default -> fields.getLast().name() + (random.nextBoolean() ? "_length" : "_recorded");
                };
                fields.add(new EventType.Field(name, type(f)));
            }
            int id = i == 1 ? EventType.MAX_ID : i;
            events.add(new EventType("test.provider:event_" + i, id, random.nextInt(EventType.MAX_LEVEL + 1), fields));
        }
        TraceClock clock = new TraceClock(uuid(), random.nextBoolean() ? 1_000_000_000 : 2_494_123_457L,
                1_764_000_000L, random.nextInt(1_000_000));
        return new TraceDescription(uuid(), clock, 1 + random.nextInt(4),
                TestTraces.ENVIRONMENT, threads(), events);
    }

    private List<TraceThread> threads() {
        List<TraceThread> threads = new ArrayList<>();
        for (int i = random.nextInt(20); i > 0; i--) {
            boolean isVirtual = random.nextInt(3) == 0;
            boolean isOfJava = isVirtual || random.nextBoolean();
            // Few numbers, so that the kernel gives some of them again.
            long tid = isVirtual || isOfJava && random.nextBoolean() ? TraceThread.NONE : 1 + random.nextInt(5);
            boolean isOpen = tid == TraceThread.NONE || random.nextBoolean();
            threads.add(new TraceThread(isOfJava ? 7L * i : TraceThread.NONE, tid, isVirtual,
                    tid == TraceThread.NONE ? 0 : random.nextLong(Long.MAX_VALUE),
                    isOpen ? TraceThread.OPEN : random.nextLong(Long.MAX_VALUE), name()));
        }
        return threads;
    }

    private String name() {
        StringBuilder name = new StringBuilder();
        for (int i = random.nextInt(TraceThread.MAX_NAME_CHARS + 10); i > 0; i--) {
            name.appendCodePoint(random.nextInt(9) == 0 ? 0 : CHARACTERS[random.nextInt(CHARACTERS.length)]);
        }
        return TraceThread.cut(name.toString());
    }

    private static final List<String> KEYWORDS = List.of("event", "stream", "enum", "struct", "string", "integer", "id",
            "timestamp", "typealias", "variant", "const", "int", "float_t");

    private UUID uuid() {
        return new UUID(random.nextLong(), random.nextLong());
    }

    private FieldType type(int number) {
        int choice = random.nextInt(BASICS.length + 1);
        return choice < BASICS.length ? BASICS[choice]
                : new FieldType.Enumeration(List.of("A", random.nextBoolean() ? "null" : "B_" + number, "LONG$NAME",
                        "\u00c4", "with \"quotes\"\\", "7\n8"));
    }

    Written write(Path folder, int events) {
        return write(folder, events, TraceFormat.CTF_1_8);
    }

    Written write(Path folder, int events, TraceFormat format) {
        TraceDescription description = description();
        List<TraceEvent> written = new ArrayList<>();
        int packetBytes = 4096 + 8 * random.nextInt(2000);
        try (TraceWriter writer = new TraceWriter(folder, description, packetBytes, format)) {
            long now = random.nextInt(1000);
            for (int i = 0; i < events; i++) {
                // Readers order events of one nanosecond as they like: here each has one of its own.
                now += 5 + random.nextInt(random.nextInt(20) == 0 ? 1 << 26 : 100_000);
                int cpu = random.nextInt(description.indexCount());
                EventType type = description.events().get(random.nextInt(description.events().size()));
                long thread = random.nextInt(10) == 0 ? Long.MAX_VALUE : random.nextInt(-50, 50);
                List<@Nullable Object> values = new ArrayList<>();
                type.fields().forEach(field -> values.add(value(field.type())));
                writer.append(cpu, now, thread, type, values.toArray());
                written.add(event(now, cpu, thread, type, values));
                if (random.nextInt(200) == 0) {
                    writer.flush(cpu);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new Written(description, written);
    }

    @SuppressWarnings("NullAway") // It does not see the annotation of the record's component in its class file.
    private static TraceEvent event(long now, int cpu, long thread, EventType type, List<@Nullable Object> values) {
        return new TraceEvent(now, cpu, thread, type, values);
    }

    private @Nullable Object value(FieldType type) {
        return switch (type) {
            case FieldType.Basic basic -> basic(basic);
            case FieldType.Enumeration enumeration -> {
                int ordinal = random.nextInt(enumeration.labels().size() + 1) - 1;
                yield ordinal < 0 ? null : enumeration.labels().get(ordinal);
            }
        };
    }

    private @Nullable Object basic(FieldType.Basic type) {
        long bits = random.nextBoolean() ? LONGS[random.nextInt(LONGS.length)] : random.nextLong();
        return switch (type) {
            case BOOLEAN -> random.nextBoolean();
            case BYTE -> (byte) bits;
            case SHORT -> (short) bits;
            case CHAR -> (char) bits;
            case INT -> (int) bits;
            case LONG -> bits;
            case FLOAT -> (float) DOUBLES[random.nextInt(DOUBLES.length)];
            case DOUBLE -> DOUBLES[random.nextInt(DOUBLES.length)];
            case STRING -> text();
            case BYTES -> bytes();
        };
    }

    private @Nullable Object text() {
        if (random.nextInt(20) == 0) {
            return null;
        }
        StringBuilder text = new StringBuilder();
        int length = random.nextInt(3) == 0 ? 0 : random.nextInt(60);
        for (int i = 0; i < length; i++) {
            boolean isNul = hasNul && random.nextInt(30) == 0;
            text.appendCodePoint(isNul ? 0 : CHARACTERS[random.nextInt(CHARACTERS.length)]);
        }
        return random.nextInt(4) == 0 ? Truncated.of(text.toString(), random.nextInt(20)) : text.toString();
    }

    private @Nullable Object bytes() {
        if (random.nextInt(20) == 0) {
            return null;
        }
        byte[] bytes = new byte[random.nextInt(3) == 0 ? 0 : random.nextInt(40)];
        random.nextBytes(bytes);
        return random.nextInt(4) == 0 ? new Truncated(bytes, bytes.length + 1L + random.nextInt(1 << 30)) : bytes;
    }
}
