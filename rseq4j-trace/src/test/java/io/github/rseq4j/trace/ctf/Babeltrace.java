package io.github.rseq4j.trace.ctf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import io.github.rseq4j.testing.Tool;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Babeltrace 2, which tests run: what it prints, and what it must print. Where it is missing, they are skipped. The
 * installed one may know CTF 1.8 only; scripts/matrix/babeltrace.sh has one that knows CTF 2, too.
 */
public final class Babeltrace {
    private static final Path SCRIPT = Path.of("scripts/matrix/babeltrace.sh");
    private static final Path LTTNG = Path.of("scripts/matrix/lttng.sh");
    private static final String SUITE = Objects.requireNonNullElse(System.getenv("RSEQ4J_MATRIX_SUITE"), "forky");
    /** As scripts/matrix/debs.sh has it. */
    private static final Path CACHE = Path.of(Objects.requireNonNullElse(System.getenv("RSEQ4J_MATRIX_CACHE"),
            System.getProperty("java.io.tmpdir") + "/rseq4j-matrix"));
    private static final Pattern NOTHING =
            Pattern.compile("(_(\\w+)_recorded = 0, \\2 = )\"(?:[^\"\\\\]|\\\\.)*+\"");

    private Babeltrace() {}

    /** Returns the program that reads a format, or skips the test. */
    public static String program(TraceFormat format) {
        return format == TraceFormat.CTF_1_8 ? "babeltrace2" : newest();
    }

    /** Returns the program of Debian's newest suite, which reads both formats, or skips the test. */
    public static String newest() {
        Path script = script(SCRIPT);
        Tool.require(script != null && Files.exists(CACHE.resolve("babeltrace/" + SUITE + ".ok")),
                "Babeltrace 2.1 is missing: run scripts/matrix/babeltrace.sh --version, which fetches it");
        return String.valueOf(script);
    }

    /** Returns the script that runs a command beside LTTng of Debian's newest suite, or skips the test. */
    public static String lttng() throws IOException {
        Path script = script(LTTNG);
        boolean isThere = false;
        Path roots = CACHE.resolve("chroot");
        if (script != null && Files.isDirectory(roots)) {
            try (DirectoryStream<Path> found = Files.newDirectoryStream(roots, SUITE + "-*.ok")) {
                for (Path each : found) {
                    isThere |= Files.exists(Path.of(each.toString().replaceFirst("\\.ok$", ""), "usr/bin/lttng"));
                }
            }
        }
        Tool.require(isThere, "LTTng 2.16 is missing: run scripts/matrix/lttng.sh lttng --version as root, which"
                + " fetches it");
        Tool.require(Tool.run("bash", Map.of(), List.of(String.valueOf(script), "lttng", "--version")).exit() == 0,
                "LTTng 2.16 runs in a chroot: needs root, and unshare(1) of the mount namespace");
        return String.valueOf(script);
    }

    private static @Nullable Path script(Path name) {
        Path above = Path.of("").toAbsolutePath();
        while (above != null && !Files.exists(above.resolve(name))) {
            above = above.getParent();
        }
        return above == null ? null : above.resolve(name);
    }

    private static TraceFormat formatOf(Path folder) throws IOException {
        try (InputStream metadata = Files.newInputStream(folder.resolve("metadata"))) {
            return metadata.read() == Ctf2Text.SEPARATOR ? TraceFormat.CTF_2 : TraceFormat.CTF_1_8;
        }
    }

    /**
     * Reads a trace with it, and hands on what it prints, line by line; a character is a byte, because what it prints
     * need not be UTF-8.
     *
     * @param folder the trace
     * @param lines what is done with each line
     * @param options further arguments
     * @return its warnings
     */
    public static String read(Path folder, Consumer<String> lines, String... options)
            throws IOException, InterruptedException {
        return readWith(program(formatOf(folder)), folder, lines, options);
    }

    private static String readWith(String program, Path folder, Consumer<String> lines, String... options)
            throws IOException, InterruptedException {
        Path error = Files.createTempFile("babeltrace", ".txt");
        List<String> command = new ArrayList<>(List.of(program, folder.toString()));
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
        try (BufferedReader output = process.inputReader(StandardCharsets.ISO_8859_1)) {
            for (String line = output.readLine(); line != null; line = output.readLine()) {
                // Before 2.0.5 it prints for a text of no bytes what it read before
                // (review.lttng.org/c/babeltrace/+/4528).
                lines.accept(line.contains("_recorded = 0, ") ? NOTHING.matcher(line).replaceAll("$1\"\"") : line);
            }
        }
        String warnings = Files.readString(error);
        assertEquals(0, process.waitFor(), warnings);
        Files.delete(error);
        return warnings;
    }

    /**
     * Reads a trace with it, which must have nothing to warn of, and returns the lines that it prints.
     *
     * @param folder the trace
     * @param options further arguments
     */
    public static List<String> lines(Path folder, String... options) throws IOException, InterruptedException {
        return linesOf(program(formatOf(folder)), folder, options);
    }

    /** Like {@link #lines}, with a program. */
    public static List<String> linesOf(String program, Path folder, String... options)
            throws IOException, InterruptedException {
        List<String> lines = new ArrayList<>();
        assertEquals("", readWith(program, folder, lines::add, options), "no warning");
        return lines;
    }

    /** Returns the line that Babeltrace must print for an event of a trace in CTF 1.8. */
    public static String line(String hostName, TraceEvent event) {
        return line(hostName, event, TraceFormat.CTF_1_8);
    }

    /** Returns the line that Babeltrace must print for an event. Of a thread's number it knows the lower 32 bits. */
    public static String line(String hostName, TraceEvent event, TraceFormat format) {
        return String.format(Locale.ROOT, "[%020d] %s %s: { cpu_id = %d }, { tid = %d }, ", event.timestamp(),
                hostName, event.type().name(), event.cpu(), (int) event.threadId())
                + fields(event.type(), event.values(), format);
    }

    /** Returns the text that Babeltrace must print for the fields of an event. */
    public static String fields(EventType type, List<? extends @Nullable Object> values, TraceFormat format) {
        StringBuilder line = new StringBuilder("{");
        for (int i = 0; i < values.size(); i++) {
            EventType.Field field = type.fields().get(i);
            line.append(i == 0 ? " " : ", ").append(field(field.name(), field.type(), values.get(i), format));
        }
        return line.append(" }").toString();
    }

    private static String field(String name, FieldType type, @Nullable Object value, TraceFormat format) {
        return switch (type) {
            case FieldType.Enumeration enumeration -> value == null
                    ? name + " = ( \"" + enumeration.nullLabel() + "\" : container = -1 )"
                    : name + " = ( " + quoted(new String(value.toString().getBytes(StandardCharsets.UTF_8),
                            StandardCharsets.ISO_8859_1)) + " : container = "
                            + enumeration.labels().indexOf(value) + " )";
            case FieldType.Basic.BOOLEAN -> name + " = " + (format == TraceFormat.CTF_2 ? String.valueOf(value)
                    : "( \"" + value + "\" : container = " + (Boolean.TRUE.equals(value) ? 1 : 0) + " )");
            case FieldType.Basic.CHAR -> name + " = " + (int) (char) Objects.requireNonNull((Character) value);
            case FieldType.Basic.STRING, FieldType.Basic.BYTES -> varying(name, (FieldType.Basic) type, value, format);
            case FieldType.Basic _ -> name + " = " + (value instanceof Float || value instanceof Double
                    ? general(((Number) value).doubleValue()) : String.valueOf(value));
        };
    }

    private static String varying(String name, FieldType.Basic type, @Nullable Object value, TraceFormat format) {
        byte[] recorded = switch (value) {
            case null -> new byte[0];
            case Truncated truncated -> truncated.recorded();
            case byte[] bytes -> bytes;
            default -> value.toString().getBytes(StandardCharsets.UTF_8);
        };
        long length = value == null ? 0xFFFF_FFFFL
                : value instanceof Truncated truncated ? truncated.lengthBytes() : recorded.length;
        String lengths = "__" + name + "_length = " + length + ", __" + name + "_recorded = " + recorded.length + ", ";
        return lengths + name + " = " + (type == FieldType.Basic.STRING
                ? quoted(new String(recorded, StandardCharsets.ISO_8859_1))
                : format == TraceFormat.CTF_2 ? blob(recorded) : octets(recorded));
    }

    private static String octets(byte[] bytes) {
        return bytes.length == 0 ? "[ ]" : IntStream.range(0, bytes.length)
                .mapToObj(i -> String.format(Locale.ROOT, "[%d] = 0x%X", i, bytes[i]))
                .collect(Collectors.joining(", ", "[ ", " ]"));
    }

    private static String blob(byte[] bytes) {
        return bytes.length == 0 ? "{ }" : "{ " + HexFormat.ofDelimiter(" ").formatHex(bytes) + " }";
    }

    private static String quoted(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"', '\\', '?' -> quoted.append('\\').append(c);
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
}
