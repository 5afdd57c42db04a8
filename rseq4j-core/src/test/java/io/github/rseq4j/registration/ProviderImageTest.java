package io.github.rseq4j.registration;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.elf.ElfStrings;
import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.kernel.Architecture;
import io.github.rseq4j.provider.ProviderHeader;
import io.github.rseq4j.provider.ProviderImage;
import io.github.rseq4j.sections.Sections;
import io.github.rseq4j.testing.Tool;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Standard tools find the provider image well formed, and find its content by name. */
final class ProviderImageTest {
    private static byte[] image(Architecture architecture) {
        return ProviderImage.write(architecture, ProviderImage.FILE_NAME, Sections.all(), Engine.STRIDE_SHIFT,
                ProviderImage.NOMINAL_AREA_BYTES);
    }

    private static String tool(Path folder, String from, String... command) throws IOException {
        return tool(Architecture.X64, folder, from, command);
    }

    private static String tool(Architecture architecture, Path folder, String from, String... command)
            throws IOException {
        Path file = folder.resolve(ProviderImage.FILE_NAME);
        Files.write(file, image(architecture));
        List<String> all = new ArrayList<>(List.of(command));
        all.add(file.toString());
        return Tool.output(from, all);
    }

    @ParameterizedTest
    @EnumSource
    void readelfReportsNoError(Architecture architecture, @TempDir Path folder) throws IOException {
        String text = tool(architecture, folder, "binutils", "readelf", "-aW", "--lint");
        for (String complaint : List.of("Warning:", "Error:", "corrupt", "<unknown", "out of range", "unrecognized")) {
            assertFalse(text.contains(complaint), complaint + " in:\n" + text);
        }
        assertTrue(text.contains("STATIC_TLS"), text);
        assertTrue(text.matches("(?s).*GNU_STACK[^\\n]* RW .*"), "the stack is not executable");
        assertFalse(text.contains("RWE"), "nothing is writable and executable (I5)");
    }

    @ParameterizedTest
    @CsvSource({"__rseq_abi,64,TLS", "__rseq_refcount,4,TLS", "rseq4j_state,4,TLS", "rseq4j_users,4,TLS",
        "__rseq_offset@@RSEQ4J_1,8,OBJECT", "__rseq_size@@RSEQ4J_1,4,OBJECT", "__rseq_flags@@RSEQ4J_1,4,OBJECT"})
    void hasTheProtocolsVariables(String name, int sizeBytes, String type, @TempDir Path folder) throws IOException {
        String symbols = tool(folder, "binutils", "readelf", "-W", "--dyn-syms");
        assertTrue(symbols.lines().anyMatch(line -> line.endsWith(" " + name)
                && line.matches(".* " + sizeBytes + " " + type + " +GLOBAL DEFAULT +\\d+ .*")), symbols);
    }

    @Test
    void requestsTheAlignmentOfTheNewestKernels(@TempDir Path folder) throws IOException {
        assertTrue(tool(folder, "binutils", "readelf", "-lW").matches("(?s).*\\n  TLS [^\\n]* 0x40\\n.*"));
    }

    static Stream<Arguments> chains() {
        return Sections.all().stream()
                .flatMap(chain -> Arrays.stream(Architecture.values()).map(each -> Arguments.of(chain, each)));
    }

    @ParameterizedTest
    @MethodSource("chains")
    void objdumpNamesEverySection(Chain chain, Architecture architecture, @TempDir Path folder) throws IOException {
        String code = architecture == Architecture.X64 ? tool(folder, "binutils", "objdump", "-d")
                : tool(architecture, folder, "binutils-aarch64-linux-gnu", "aarch64-linux-gnu-objdump", "-d");
        assertFalse(code.contains("(bad)"), code);
        String suffix = chain.sections().size() == 1 ? "" : "_0";
        for (String part : List.of("", ".start" + suffix, ".post_commit" + suffix, ".abort" + suffix)) {
            assertTrue(code.contains("<rseq4j_" + chain.name() + part + ">:"), part + " in " + code);
        }
        assertTrue(code.contains("<rseq4j_join>:") && code.contains("<pthread_create>:"), code);
    }

    @Test
    void gdbFindsSectionsBySymbol(@TempDir Path folder) throws IOException {
        String said = tool(folder, "gdb", "gdb", "-nx", "-batch", "-ex", "disassemble rseq4j_load_add_store_relaxed",
                "-ex", "info address __rseq_abi", "-ex", "x/i 'rseq4j_load_add_store_relaxed.abort'",
                "-ex", "info symbol rseq4j_join");
        assertTrue(said.contains("Dump of assembler code for function rseq4j_load_add_store_relaxed"), said);
        assertTrue(said.contains("Symbol \"__rseq_abi\" is at 0x0"), said);
        assertTrue(said.matches("(?s).* <rseq4j_load_add_store_relaxed\\+\\d+>:\\s*lock incq .*"), said);
        assertTrue(said.contains("rseq4j_join in section .text"), said);
        assertFalse(said.toLowerCase(Locale.ROOT).contains("warning"), said);
    }

    @Test
    void descriptorsAreReadOnlyAfterRelocation(@TempDir Path folder) throws IOException {
        String sections = tool(folder, "binutils", "readelf", "-lW");
        String relro = sections.lines().filter(line -> line.matches(" +\\d+ .*")).toList().get(5);
        assertTrue(relro.contains(" __rseq_cs ") && relro.contains(".dynamic"),
                "read-only after relocation (I1): " + relro);
        assertFalse(relro.contains(".data "), relro);
    }

    @Test
    void hasTheSameBytesEachTime() {
        assertArrayEquals(image(Architecture.X64), image(Architecture.X64));
    }

    /** Published values; the last one is the hash of a version in libc.so.6. */
    @ParameterizedTest
    @CsvSource({"'',0", "printf,0x077905a6", "exit,0x0006cf04", "GLIBC_2.2.5,0x09691a75"})
    void hashesAsTheSystemVAbiDefines(String name, String hash) {
        assertEquals(Integer.decode(hash), ElfStrings.hash(name));
    }

    @ParameterizedTest
    @CsvSource({"gcc,-std=c99,c", "gcc,-std=c17,c", "g++,-std=c++17,cc"})
    void theHeaderCompilesWithoutAWarning(String compiler, String standard, String suffix, @TempDir Path folder)
            throws IOException {
        Files.writeString(folder.resolve(ProviderHeader.FILE_NAME),
                ProviderHeader.text(Sections.all(), Engine.STRIDE_SHIFT));
        Path source = folder.resolve("a." + suffix);
        Files.writeString(source, """
                #include "rseq4j.h"
                #include "rseq4j.h"
                int main() {
                intptr_t cell[1]; return rseq4j_add(cell, 1) + rseq4j_register() + (int) RSEQ4J_STRIDE; }
                """);
        Tool.Outcome outcome = Tool.run(compiler, Map.of(), List.of(compiler, standard, "-Wall", "-Wextra", "-pedantic",
                "-Wno-strict-prototypes", "-Werror", "-c", "-o", folder.resolve("a.o").toString(), source.toString()));
        assertEquals(0, outcome.exit(), outcome.output());
    }
}
