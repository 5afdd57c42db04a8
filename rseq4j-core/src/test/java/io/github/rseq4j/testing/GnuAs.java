package io.github.rseq4j.testing;

import io.github.rseq4j.kernel.Architecture;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** GNU as, the reference for the encoders. Where it is missing, the test is skipped; in CI it fails. */
public final class GnuAs {
    private GnuAs() {}

    /**
     * Assembles a text for an architecture.
     *
     * @param architecture the architecture
     * @param text the assembly
     * @return the bytes of the section .text
     */
    public static byte[] assemble(Architecture architecture, String text) {
        return assemble(architecture == Architecture.X64 ? "" : "aarch64-linux-gnu-", text);
    }

    /**
     * Assembles a text.
     *
     * @param prefix the prefix of the tools' names: empty for the host's, otherwise such as {@code aarch64-linux-gnu-}
     * @param text the assembly
     * @return the bytes of the section .text
     */
    public static byte[] assemble(String prefix, String text) {
        Path folder = folder();
        try {
            Path source = Files.writeString(folder.resolve("a.s"), text);
            Tool.output(packageOf(prefix),
                    List.of(prefix + "as", "-o", folder.resolve("a.o").toString(), source.toString()));
            Tool.output(packageOf(prefix), List.of(prefix + "objcopy", "-O", "binary", "-j", ".text",
                    folder.resolve("a.o").toString(), folder.resolve("a.bin").toString()));
            return Files.readAllBytes(folder.resolve("a.bin"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            delete(folder);
        }
    }

    private static String packageOf(String prefix) {
        return prefix.isEmpty() ? "binutils" : "binutils-" + prefix.replaceFirst("-$", "");
    }

    private static Path folder() {
        try {
            return Files.createTempDirectory("rseq4j-as");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void delete(Path folder) {
        for (String name : List.of("a.s", "a.o", "a.bin", "")) {
            try {
                Files.deleteIfExists(folder.resolve(name));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
