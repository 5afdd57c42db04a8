package io.github.rseq4j.registration;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.kernel.Architecture;
import io.github.rseq4j.proof.RandomSections;
import io.github.rseq4j.provider.ProviderImage;
import io.github.rseq4j.sections.Sections;
import io.github.rseq4j.testing.Tool;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The image's frame tables, read by readelf, match the code, read by objdump, at each instruction. Both tools are
 * independent of the code that writes the image.
 */
final class ImageFramesTest {
    private static final long SEED = 1;
    private static final int CHAINS = 60;

    /**
     * The kinds of images: for a file, for a JVM's memory, for loading after another image, and with random sections.
     */
    enum Content {
        FILE(ProviderImage.FILE_NAME, Sections.all()),
        MEMORY(ProviderImage.MEMORY_NAME, Sections.all().subList(0, 1)),
        NEXT(ProviderImage.NEXT_FILE_NAME, List.of()),
        OF_USERS(ProviderImage.FILE_NAME, RandomSections.of(SEED, CHAINS));

        private final String name;
        private final List<Chain> chains;

        Content(String name, List<Chain> chains) {
            this.name = name;
            this.chains = chains;
        }
    }

    static Stream<Arguments> images() {
        return Arrays.stream(Architecture.values()).flatMap(
                each -> Arrays.stream(Content.values()).map(content -> Arguments.of(each, content)));
    }

    private static Path write(Architecture architecture, Content content, Path folder) throws IOException {
        return Files.write(folder.resolve(content.name), ProviderImage.write(architecture, content.name,
                content.chains, Engine.STRIDE_SHIFT, ProviderImage.NOMINAL_AREA_BYTES));
    }

    private static String tool(String from, Path file, String... command) {
        return Tool.output(from, Stream.concat(Stream.of(command), Stream.of(file.toString())).toList());
    }

    @ParameterizedTest
    @MethodSource("images")
    void theLoaderAndTheUnwinderFindTheTables(Architecture architecture, Content content, @TempDir Path folder)
            throws IOException {
        Path file = write(architecture, content, folder);
        String headers = tool("binutils", file, "readelf", "-lSW");
        assertTrue(headers.matches("(?s).* GNU_EH_FRAME [^\\n]* R +0x4\\n.*"), headers);
        assertTrue(headers.matches("(?s).*\\n +00 [^\\n]* \\.eh_frame_hdr \\.eh_frame *\\n.*"), headers);
        assertTrue(headers.matches("(?s).* LOAD +0x000000 [^\\n]* R +0x1.*"), "the first segment is read only");
        assertTrue(headers.matches("(?s).*\\.eh_frame +PROGBITS [^\\n]* A +0 +0 +8\\n.*"), headers);
    }

    @ParameterizedTest
    @MethodSource("images")
    void otherToolsReportNoError(Architecture architecture, Content content, @TempDir Path folder)
            throws IOException {
        Path file = write(architecture, content, folder);
        assertEquals("No errors\n", tool("elfutils", file, "eu-elflint", "--gnu-ld"));
        for (String text : List.of(tool("binutils", file, "readelf", "-W", "--debug-dump=frames"),
                tool("elfutils", file, "eu-readelf", "--debug-dump=frames"))) {
            for (String complaint : List.of("warning", "error", "corrupt", "unknown", "invalid", "???", "overlap")) {
                assertFalse(text.toLowerCase(Locale.ROOT).contains(complaint), complaint + " in:\n" + text);
            }
        }
        // The search table, which binutils does not print.
        String table = tool("elfutils", file, "eu-readelf", "--debug-dump=frames");
        long functions = tool("binutils", file, "readelf", "-sW").lines()
                .filter(line -> line.matches(".* FUNC +(GLOBAL|LOCAL) .*")).map(line -> line.split(": ", -1)[1])
                .distinct().count();
        assertEquals(functions, table.lines().filter(line -> line.matches(" +0x[0-9a-f]+ \\(offset: .*")).count(),
                table);
    }

    /**
     * The state of the stack: the distances of the stack pointer, the frame pointer and the saved registers from the
     * caller's frame.
     */
    private record Stack(int bytes, int linkedBytes, Map<String, Integer> saved) {
        Stack saving(String register, int at) {
            Map<String, Integer> now = new TreeMap<>(saved);
            now.put(register, at);
            return new Stack(bytes, linkedBytes, now);
        }

        Stack without(String register) {
            Map<String, Integer> now = new TreeMap<>(saved);
            assertNotNull(now.remove(register), register + " was not saved");
            return new Stack(bytes, linkedBytes, now);
        }

        Stack moved(int by) {
            return new Stack(bytes + by, linkedBytes, saved);
        }

        Stack linked(int at) {
            return new Stack(bytes, at, saved);
        }
    }

    private static final int NOT_LINKED = -1;
    private static final Pattern CONSTANT = Pattern.compile("(add|sub) +[$#]?(-?0x[0-9a-f]+),%rsp"
            + "|(add|sub) +sp, sp, #(0x[0-9a-f]+)");

    private static final Pattern BRANCH = Pattern.compile("(j\\w+|b|b\\.\\w+|cbz) +(?:w\\d+, )?([0-9a-f]+) <.*");

    private static Stack after(Architecture architecture, Stack stack, String text) {
        Matcher constant = CONSTANT.matcher(text);
        if (constant.matches()) {
            boolean x64 = constant.group(1) != null;
            int by = (int) Long.parseUnsignedLong(constant.group(x64 ? 2 : 4).substring(2), 16);
            return stack.moved(constant.group(x64 ? 1 : 3).equals("sub") ? by : -by);
        }
        return architecture == Architecture.X64 ? afterX64(stack, text) : afterA64(stack, text);
    }

    private static Stack afterX64(Stack stack, String text) {
        if (text.startsWith("push ")) {
            return stack.moved(8).saving(text.replaceFirst("push +%", ""), stack.bytes() + 8);
        }
        if (text.startsWith("pop ")) {
            String register = text.replaceFirst("pop +%", "");
            assertEquals(stack.bytes(), stack.saved().get(register), text);
            return (register.equals("rbp") ? stack.linked(NOT_LINKED) : stack).without(register).moved(-8);
        }
        if (text.matches("mov +%rsp,%rbp")) {
            return stack.linked(stack.bytes());
        }
        if (text.matches("mov +%rbp,%rsp")) {
            return new Stack(stack.linkedBytes(), stack.linkedBytes(), stack.saved());
        }
        assertFalse(text.matches("(?!cmp|test).*,%[re]sp"), text);
        assertFalse(stack.linkedBytes() != NOT_LINKED && text.matches("(?!cmp|test).*,%[re]bp"), text);
        return stack;
    }

    private static Stack afterA64(Stack stack, String text) {
        if (text.equals("stp x29, x30, [sp, #-16]!")) {
            return stack.moved(16).saving("x29", stack.bytes() + 16).saving("ra", stack.bytes() + 8);
        }
        if (text.equals("ldp x29, x30, [sp], #16")) {
            assertEquals(stack.bytes(), stack.saved().get("x29"), text);
            return stack.linked(NOT_LINKED).without("x29").without("ra").moved(-16);
        }
        if (text.matches("str x\\d+, \\[sp, #-16\\]!")) {
            return stack.moved(16).saving(text.substring(4, text.indexOf(',')), stack.bytes() + 16);
        }
        if (text.matches("ldr x\\d+, \\[sp\\], #16")) {
            String register = text.substring(4, text.indexOf(','));
            assertEquals(stack.bytes(), stack.saved().get(register), text);
            return stack.without(register).moved(-16);
        }
        if (text.equals("mov x29, sp")) {
            return stack.linked(stack.bytes());
        }
        if (text.equals("mov sp, x29")) {
            return new Stack(stack.linkedBytes(), stack.linkedBytes(), stack.saved());
        }
        assertFalse(text.matches("\\w+ sp\\b.*|.*\\[sp.*\\]!|.*\\[sp\\], #.*"), text);
        assertFalse(text.matches("(?!st|cmp|cb)\\w+ x29\\b.*"), text);
        return stack;
    }

    /** A section, by the addresses of its first instruction and of the first instruction after it. */
    private record Section(long start, long postCommit) {}

    private static Map<Section, Long> aborts(Map<String, Long> symbols) {
        Map<Section, Long> aborts = new HashMap<>();
        symbols.forEach((name, start) -> {
            if (name.contains(".start")) {
                long end = Objects.requireNonNull(symbols.get(name.replace(".start", ".post_commit")));
                aborts.put(new Section(start, end),
                        Objects.requireNonNull(symbols.get(name.replace(".start", ".abort"))));
            }
        });
        return aborts;
    }

    /** Follows the code from its functions and handlers, and returns the state of the stack at each address. */
    private static Map<Long, Stack> follow(Architecture architecture, NavigableMap<Long, String> code,
                                           Map<Section, Long> aborts, List<Long> functions) {
        boolean x64 = architecture == Architecture.X64;
        Stack called = new Stack(x64 ? 8 : 0, NOT_LINKED, x64 ? Map.of("ra", 8) : Map.of());
        Map<Long, Stack> stacks = new HashMap<>();
        ArrayDeque<Long> left = new ArrayDeque<>(functions);
        functions.forEach(function -> stacks.put(function, called));
        while (!left.isEmpty()) {
            long at = left.remove();
            String text = Objects.requireNonNull(code.get(at));
            Stack stack = Objects.requireNonNull(stacks.get(at));
            Map<Long, Stack> next = new HashMap<>();
            aborts.forEach((section, abort) -> {
                if (at >= section.start() && at < section.postCommit()) {
                    next.put(abort, stack);
                }
            });
            Stack then = after(architecture, stack, text);
            Matcher branch = BRANCH.matcher(text);
            boolean leaves = text.matches("ret.*|jmp +\\*.*|br .*");
            if (leaves) {
                assertEquals(called, then, text + " at " + Long.toHexString(at));
            } else if (branch.matches()) {
                next.put(Long.parseLong(branch.group(2), 16), then);
            }
            if (!leaves && !text.matches("(jmp|b) .*")) {
                next.put(code.higherKey(at), then);
            }
            next.forEach((to, with) -> {
                Stack known = stacks.putIfAbsent(to, with);
                assertEquals(known == null ? with : known, with, () -> Long.toHexString(to));
                if (known == null) {
                    left.add(to);
                }
            });
        }
        return stacks;
    }

    /** Returns the rows of readelf's tables by address: the place of the caller's frame, and the saved registers. */
    private static NavigableMap<Long, String> rows(String text) {
        NavigableMap<Long, String> rows = new TreeMap<>();
        String[] columns = {};
        String called = "";
        Matcher function = Pattern.compile(".* FDE cie=0+ pc=([0-9a-f]+)\\.\\.([0-9a-f]+)").matcher("");
        for (String line : text.lines().toList()) {
            if (function.reset(line).matches()) {
                rows.put(Long.parseLong(function.group(1), 16), called);
                rows.put(Long.parseLong(function.group(2), 16), "");
            } else if (line.startsWith("   LOC ")) {
                columns = line.strip().split(" +", -1);
            } else if (line.matches("[0-9a-f]{16} [a-z]\\w+\\+\\d.*")) {
                String[] cells = line.strip().split(" +", -1);
                StringBuilder row = new StringBuilder(cells[1]);
                for (int i = 2; i < cells.length; i++) {
                    row.append(cells[i].equals("u") ? "" : " " + columns[i] + "=" + cells[i]);
                }
                called = called.isEmpty() ? row.toString() : called;
                rows.put(Long.parseLong(cells[0], 16), row.toString());
            }
        }
        return rows;
    }

    @ParameterizedTest
    @MethodSource("images")
    void theTablesMatchTheCodeAtEveryInstruction(Architecture architecture, Content content, @TempDir Path folder)
            throws IOException {
        Path file = write(architecture, content, folder);
        boolean x64 = architecture == Architecture.X64;
        String prefix = x64 ? "" : "aarch64-linux-gnu-";
        NavigableMap<Long, String> code = new TreeMap<>();
        String text = tool(x64 ? "binutils" : "binutils-aarch64-linux-gnu", file, prefix + "objdump", "-d",
                "--no-show-raw-insn", "-j.text");
        Matcher insn = Pattern.compile("(?m)^ +([0-9a-f]+):\\t(.*)$").matcher(text);
        while (insn.find()) {
            if (!insn.group(2).matches("int3.*|ud1 .*|brk\\s.*|\\.(inst|word).*|udf\\s.*")) {
                code.put(Long.parseLong(insn.group(1), 16), insn.group(2).replaceFirst("\\s*(//|# ).*", "")
                        .replace('\t', ' ').strip());
            }
        }
        Map<String, Long> symbols = new HashMap<>();
        TreeMap<Long, Long> functions = new TreeMap<>();
        tool("binutils", file, "readelf", "-sW").lines().map(line -> line.strip().split(" +", -1)).filter(
                cells -> cells.length == 8 && cells[0].matches("\\d+:")).forEach(cells -> {
                    symbols.put(cells[7], Long.parseLong(cells[1], 16));
                    if (cells[3].equals("FUNC")) {
                        functions.put(Long.parseLong(cells[1], 16), Long.parseLong(cells[2]));
                    }
                });
        Map<Long, Stack> stacks = follow(architecture, code, aborts(symbols), List.copyOf(functions.keySet()));
        assertEquals(code.keySet(), new TreeMap<>(stacks).keySet(), "every instruction is reached");
        NavigableMap<Long, String> rows = rows(tool("binutils", file, "readelf", "-W", "--debug-dump=frames-interp"));
        stacks.forEach((at, stack) -> {
            Map<String, Integer> saved = new TreeMap<>(stack.saved());
            Integer returning = saved.remove("ra");
            StringBuilder expected = new StringBuilder(stack.linkedBytes() == NOT_LINKED
                    ? (x64 ? "rsp+" : "sp+") + stack.bytes() : (x64 ? "rbp+" : "x29+") + stack.linkedBytes());
            order(saved).forEach(register -> expected.append(' ').append(register).append("=c-")
                    .append(saved.get(register)));
            expected.append(returning == null ? "" : " ra=c-" + returning);
            assertEquals(expected.toString(), rows.floorEntry(at).getValue(),
                    () -> code.get(at) + " at " + Long.toHexString(at));
        });
    }

    /** Returns the registers in the order of their numbers. */
    private static List<String> order(Map<String, Integer> saved) {
        return Stream.of("rbx", "rbp", "r12", "r13", "r14", "r15", "x19", "x20", "x21", "x22", "x23", "x24", "x25",
                "x26", "x27", "x28", "x29").filter(saved::containsKey).toList();
    }
}
