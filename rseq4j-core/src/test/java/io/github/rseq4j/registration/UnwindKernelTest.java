package io.github.rseq4j.registration;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.kernel.Architecture;
import io.github.rseq4j.proof.RandomSections;
import io.github.rseq4j.provider.ProviderImage;
import io.github.rseq4j.registration.Fixtures.Libc;
import io.github.rseq4j.sections.Sections;
import io.github.rseq4j.testing.Tool;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Unwinders find the caller when a signal arrives at any instruction of the provider image: backtrace(3), the
 * compiler's unwinder, libunwind and gdb. {@code unwind.c} leads them to the instructions.
 */
final class UnwindKernelTest {
    private static final Path SOURCES = Path.of(System.getProperty("rseq4j.root"), "rseq4j-core/src/test/c");
    private static final List<String> OPTIONS = List.of("-std=gnu11", "-Wall", "-Wextra", "-Werror", "-O1", "-g",
            "-fPIC", "-fno-stack-protector");
    /** gdb stops at one of this many bytes of code. */
    private static final int GDB_BYTES = 11;

    /** Writes the images of the given sections; the first image has all of them. */
    private static List<Path> images(Architecture architecture, Path parent, String name, List<Chain> chains)
            throws IOException {
        Path folder = Files.createDirectories(parent.resolve(name));
        List<Path> written = new ArrayList<>();
        for (Map.Entry<String, byte[]> file : ProviderImage.files(architecture, chains, Engine.STRIDE_SHIFT,
                ProviderImage.NOMINAL_AREA_BYTES).entrySet()) {
            written.add(file.getKey().equals(ProviderImage.FILE_NAME) ? 0 : written.size(),
                    Files.write(folder.resolve(file.getKey()), file.getValue()));
        }
        return written;
    }

    /** Writes the provider's images, and one with random sections. */
    private static List<Path> images(Architecture architecture, Path folder) throws IOException {
        List<Path> all = new ArrayList<>(images(architecture, folder, "frames", Sections.all()));
        all.add(images(architecture, folder, "frames_of_users", RandomSections.of(1, 60)).getFirst());
        return all;
    }

    private static Path image(Libc libc) throws IOException {
        return images(Architecture.X64, Fixtures.folder(libc), "frames", Sections.all()).getFirst();
    }

    private static Set<String> instructions(Path image) throws IOException {
        return instructions("", image);
    }

    /** Returns the offsets of an image's instructions, according to objdump, except those that never execute. */
    private static Set<String> instructions(String prefix, Path image) throws IOException {
        String code = Tool.output(prefix.isEmpty() ? "binutils" : "binutils-aarch64-linux-gnu", List.of(
                prefix + "objdump", "-d", "--no-show-raw-insn", "-j.text", image.toString()));
        Set<String> offsets = Pattern.compile("(?m)^ +([0-9a-f]+):\\t(?!int3|ud1|brk|udf|\\.)").matcher(code).results()
                .map(found -> found.group(1)).collect(Collectors.toCollection(TreeSet::new));
        Files.write(list(image), offsets);
        return offsets;
    }

    private static Path list(Path image) {
        return image.resolveSibling(image.getFileName() + ".insns");
    }

    /** Compiles the program: for every libc, as a shared object with an entry; or for gdb. */
    private static Path compile(Libc libc, String name, List<String> more) {
        Path program = Fixtures.folder(libc).resolve(name);
        List<String> command = new ArrayList<>(List.of(libc == Libc.MUSL ? "musl-gcc" : "gcc"));
        command.addAll(OPTIONS);
        command.addAll(List.of("-o", program.toString(), SOURCES.resolve("unwind.c").toString()));
        command.addAll(more);
        Tool.output(libc == Libc.MUSL ? "musl-tools" : "gcc", command);
        return program;
    }

    private static List<String> forEveryLibc(Libc libc, String... unwinder) {
        Path folder = Fixtures.folder(libc);
        // musl-gcc does not request the search table.
        return Stream.of(Stream.of("-shared", "-nostdlib", "-Wl,-e,_start", "-Wl,-z,now", "-Wl,--no-as-needed",
                "-Wl,--eh-frame-hdr"), Stream.of(unwinder), Stream.of("libc.so.6", "libpthread.so.0", "libdl.so.2")
                        .map(each -> folder.resolve("stub-" + each).toString())).flatMap(each -> each).toList();
    }

    private static Set<String> found(String output, String what) {
        return Pattern.compile("(?m)^" + what + " 0x([0-9a-f]+)$").matcher(output).results()
                .map(found -> found.group(1)).collect(Collectors.toCollection(TreeSet::new));
    }

    private static String run(Libc libc, Path program, Path image, String... more) {
        // musl cannot load an object with such variables later.
        Tool.Outcome outcome = Fixtures.run(libc, Map.of("LD_PRELOAD", libc == Libc.MUSL ? image.toString() : ""),
                Stream.concat(Stream.of(program.toString(), image.toString(), list(image).toString()),
                        Stream.of(more)).toList());
        assertEquals(0, outcome.exit(), outcome.output().lines().filter(line -> !line.contains(" 0x"))
                .collect(Collectors.joining("\n", libc + " says:\n", "")) + outcome.output().lines().filter(
                        line -> line.contains(", depth ")).collect(Collectors.joining("\n")));
        return outcome.output();
    }

    @ParameterizedTest
    @EnumSource
    void unwindersFindTheCallerFromEveryInstruction(Libc libc) throws IOException {
        Path program = compile(libc, "unwind", forEveryLibc(libc, "-lgcc_eh", "-lgcc"));
        for (Path image : images(Architecture.X64, Fixtures.folder(libc))) {
            Set<String> instructions = instructions(image);
            assertEquals(instructions, found(run(libc, program, image), "at"));
        }
    }

    /** The kernel aborts here: the trap of a single step is a signal, so each section ends in its abort handler. */
    @ParameterizedTest
    @EnumSource
    void unwindersFindTheCallerAfterTheKernelHasAborted(Libc libc) throws IOException {
        Path image = image(libc);
        instructions(image);
        Path program = compile(libc, "unwind", forEveryLibc(libc, "-lgcc_eh", "-lgcc"));
        String symbols = Tool.output("binutils", List.of("readelf", "-sW", image.toString()));
        Set<String> handlers = Pattern.compile("(?m)^.*: 0*([0-9a-f]+) .*\\.abort(_0)?$").matcher(symbols).results()
                .map(found -> found.group(1)).collect(Collectors.toCollection(TreeSet::new));
        assertEquals(Sections.all().size(), handlers.size());
        assertEquals(handlers, found(run(libc, program, image, "real"), "aborted"));
    }

    @Test
    void libunwindFindsTheCallerFromEveryInstruction() throws IOException {
        Path image = image(Libc.GLIBC);
        Set<String> instructions = instructions(image);
        Tool.Outcome header = Tool.run("gcc", Map.of(), List.of("gcc", "-E", "-include", "libunwind.h", "-x", "c",
                "/dev/null"));
        Tool.require(header.exit() == 0, "libunwind.h is missing: install libunwind-dev");
        Path program = compile(Libc.GLIBC, "unwind_libunwind", Stream.concat(Stream.of("-DUNWIND_LIBUNWIND"),
                forEveryLibc(Libc.GLIBC, "-lunwind").stream()).toList());
        assertEquals(instructions, found(run(Libc.GLIBC, program, image), "at"));
    }

    /** In an emulator without rseq(2), with a breakpoint on each instruction except the one that runs. */
    @Test
    void unwindersOnAarch64FindTheCallerFromEveryInstruction(@TempDir Path folder) throws IOException {
        Path program = folder.resolve("unwind");
        List<String> command = new ArrayList<>(List.of("aarch64-linux-gnu-gcc"));
        command.addAll(OPTIONS);
        command.addAll(List.of("-DUNWIND_PROGRAM", "-o", program.toString(), SOURCES.resolve("unwind.c").toString(),
                "-lgcc_eh"));
        Tool.output("gcc-aarch64-linux-gnu and libc6-dev-arm64-cross", command);
        for (Path image : images(Architecture.AARCH64, folder)) {
            Set<String> instructions = instructions("aarch64-linux-gnu-", image);
            // Loaded with the program: glibc has no room for variables of this alignment later.
            String output = Tool.output("qemu-user-static", List.of("qemu-aarch64-static", "-L",
                    "/usr/aarch64-linux-gnu", "-E", "LD_PRELOAD=" + image, program.toString(), image.toString(),
                    list(image).toString()));
            assertEquals(instructions, found(output, "at"));
        }
    }

    @Test
    void gdbFindsTheCaller() throws IOException {
        Path image = image(Libc.GLIBC);
        instructions(image);
        Path program = compile(Libc.GLIBC, "unwind_gdb", List.of("-DUNWIND_PROGRAM", "-lgcc_eh"));
        String said = Tool.output("gdb", List.of("gdb", "-nx", "-batch", "-x", SOURCES.resolve("unwind.py").toString(),
                "--args", program.toString(), image.toString(), list(image).toString(), String.valueOf(GDB_BYTES)));
        Matcher result = Pattern.compile("(?m)^stops=(\\d+) lost=(\\d+)$").matcher(said);
        assertTrue(result.find() && said.contains("faults=0"), said);
        assertEquals("0", result.group(2), said);
        assertTrue(Integer.parseInt(result.group(1)) > 100, said);
    }
}
