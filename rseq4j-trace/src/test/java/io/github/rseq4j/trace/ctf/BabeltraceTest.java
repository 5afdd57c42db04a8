package io.github.rseq4j.trace.ctf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Babeltrace 2, which is not ours, reads what is written: every record, with no warning. */
class BabeltraceTest {
    private static final Pattern NOTHING =
            Pattern.compile("(_(\\w+)_recorded = 0, \\2 = )\"(?:[^\"\\\\]|\\\\.)*\"");

    /** What it prints, in lines; a character is a byte, because what it prints need not be UTF-8. */
    private static List<String> babeltrace(Path folder, String... options) throws IOException, InterruptedException {
        Path error = Files.createTempFile("babeltrace", ".txt");
        List<String> command = new ArrayList<>(List.of("babeltrace2", folder.toString()));
        command.addAll(List.of(options));
        Process process;
        try {
            process = new ProcessBuilder(command).redirectError(error.toFile()).start();
        } catch (IOException e) {
            if (Boolean.getBoolean("rseq4j.ci")) {
                fail("babeltrace2 is missing: install babeltrace2", e);
            }
            abort("babeltrace2 is missing: install babeltrace2");
            throw e;
        }
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
        assertEquals(0, process.waitFor(), Files.readString(error));
        assertEquals("", Files.readString(error), "no warning");
        Files.delete(error);
        // Before 2.0.5 it prints for a text of no bytes what it read before (review.lttng.org/c/babeltrace/+/4528).
        return List.of(NOTHING.matcher(output).replaceAll("$1\"\"").split("\n"));
    }

    /** What it must print of an event. */
    private static String line(String hostName, TraceEvent event) {
        StringBuilder line = new StringBuilder();
        line.append(String.format(Locale.ROOT, "[%020d] %s %s: { cpu_id = %d }, { tid = %d }, {", event.timestamp(),
                hostName, event.type().name(), event.cpu(), event.threadId()));
        for (int i = 0; i < event.values().size(); i++) {
            EventType.Field field = event.type().fields().get(i);
            line.append(i == 0 ? " " : ", ").append(field(field.name(), field.type(), event.values().get(i)));
        }
        return line.append(" }").toString();
    }

    private static String field(String name, FieldType type, @Nullable Object value) {
        return switch (type) {
            case FieldType.Enumeration enumeration -> value == null ? name + " = ( \"null\" : container = -1 )"
                    : name + " = ( " + quoted(new String(value.toString().getBytes(StandardCharsets.UTF_8),
                            StandardCharsets.ISO_8859_1)) + " : container = "
                            + enumeration.labels().indexOf(value) + " )";
            case FieldType.Basic.BOOLEAN -> name + " = ( \"" + value + "\" : container = "
                    + (Boolean.TRUE.equals(value) ? 1 : 0) + " )";
            case FieldType.Basic.CHAR -> name + " = " + (int) (char) Objects.requireNonNull((Character) value);
            case FieldType.Basic.STRING, FieldType.Basic.BYTES -> varying(name, (FieldType.Basic) type, value);
            case FieldType.Basic _ -> name + " = " + (value instanceof Float || value instanceof Double
                    ? general(((Number) value).doubleValue()) : String.valueOf(value));
        };
    }

    private static String varying(String name, FieldType.Basic type, @Nullable Object value) {
        byte[] recorded = switch (value) {
            case null -> new byte[0];
            case Truncated truncated -> truncated.recorded();
            case byte[] bytes -> bytes;
            default -> value.toString().getBytes(StandardCharsets.UTF_8);
        };
        long length = value == null ? 0xFFFF_FFFFL
                : value instanceof Truncated truncated ? truncated.lengthBytes() : recorded.length;
        String lengths = "_" + name + "_length = " + length + ", _" + name + "_recorded = " + recorded.length + ", ";
        return lengths + name + " = " + (type == FieldType.Basic.STRING
                ? quoted(new String(recorded, StandardCharsets.ISO_8859_1)) : octets(recorded));
    }

    private static String octets(byte[] bytes) {
        return bytes.length == 0 ? "[ ]" : IntStream.range(0, bytes.length)
                .mapToObj(i -> String.format(Locale.ROOT, "[%d] = 0x%X", i, bytes[i]))
                .collect(Collectors.joining(", ", "[ ", " ]"));
    }

    private static String quoted(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"', '\\' -> quoted.append('\\').append(c);
                case '\n' -> quoted.append("\\n");
                case '\t' -> quoted.append("\\t");
                case 0x1B -> quoted.append("\\e");
                case 0x7F -> quoted.append("\\x7f");
                default -> quoted.append(c);
            }
        }
        return quoted.append('"').toString();
    }

    /** A number as C's %g prints it. */
    private static String general(double value) {
        if (Double.isNaN(value) || Double.isInfinite(value) || value == 0) {
            String special = Double.isNaN(value) ? "nan" : Double.isInfinite(value) ? "inf" : "0";
            return (value < 0 || 1 / value < 0 ? "-" : "") + special;
        }
        BigDecimal rounded = new BigDecimal(value).round(new MathContext(6, RoundingMode.HALF_EVEN));
        int exponent = rounded.precision() - rounded.scale() - 1;
        if (exponent >= -4 && exponent < 6) {
            return rounded.stripTrailingZeros().toPlainString();
        }
        BigDecimal mantissa = rounded.movePointLeft(exponent).stripTrailingZeros();
        return String.format(Locale.ROOT, "%se%s%02d", mantissa.toPlainString(), exponent < 0 ? "-" : "+",
                Math.abs(exponent));
    }

    @RepeatedTest(12)
    void printsEveryRecordAsItWasWritten(@TempDir Path folder) throws IOException, InterruptedException {
        long seed = new Random().nextLong();
        RandomTraces.Written written = new RandomTraces(new Random(seed), false).write(folder.resolve("t"), 1000);
        String hostName = String.valueOf(written.description().environment().get("hostname"));
        List<String> lines = babeltrace(folder.resolve("t"), "--no-delta", "--clock-cycles");
        assertEquals(written.events().size(), lines.size(), "seed=" + seed);
        for (int i = 0; i < lines.size(); i++) {
            assertEquals(line(hostName, written.events().get(i)), lines.get(i), "seed=" + seed + " event " + i);
        }
    }

    @Test
    void printsTheTimeOfTheClocksOffset(@TempDir Path folder) throws IOException, InterruptedException {
        EventType type = new EventType("a:b", 0, 6, List.of());
        TraceClock clock = new TraceClock(TestTraces.TRACE, 2_400_000_000L, 1_764_000_000, 1_200_000_000);
        TraceDescription trace = new TraceDescription(TestTraces.TRACE, clock, 1, Map.of(), List.of(type));
        long[] cycles = {0, 1, 1_199_999_999, 1_200_000_000, 987_654_321_987_654L};
        try (TraceWriter writer = new TraceWriter(folder, trace, 1024)) {
            for (long each : cycles) {
                writer.append(0, each, 1, type);
            }
        }
        List<String> lines = babeltrace(folder, "--no-delta", "--clock-seconds");
        assertEquals(cycles.length, lines.size());
        for (int i = 0; i < cycles.length; i++) {
            Instant instant = clock.instant(cycles[i]);
            String expected = String.format(Locale.ROOT, "[%d.%09d] ", instant.getEpochSecond(), instant.getNano());
            assertTrue(lines.get(i).startsWith(expected), expected + " of " + lines.get(i));
        }
    }

    @Test
    void tellsWhatWasDiscardedAndLost(@TempDir Path folder) throws IOException, InterruptedException {
        EventType type = new EventType("a:b", 0, 6, List.of());
        try (TraceWriter writer = new TraceWriter(folder, TestTraces.of(1, type), 1024)) {
            writer.append(0, 1, 1, type);
            writer.flush(0);
            writer.append(0, 2, 1, type);
            writer.discard(0, 4711);
        }
        List<String> details = babeltrace(folder, "--component=sink.text.details");
        assertTrue(details.toString().contains("Discarded events (4711 events)"), String.join("\n", details));
        try (TraceReader reader = new TraceReader(folder)) {
            while (reader.next() != null) {
                assertEquals(List.of(), reader.problems());
            }
            assertEquals(List.of(new TraceReader.StreamCounts(0, 2, 0, 4711)), reader.counts());
        }
    }
}
