package io.github.rseq4j.cli.provider;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.cli.Run;
import io.github.rseq4j.cli.io.EmittedSections;
import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.kernel.Architecture;
import io.github.rseq4j.provider.ProviderHeader;
import io.github.rseq4j.provider.ProviderImage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProviderCommandTest {
    @Test
    void writesImageAndHeaderToANewFolder(@TempDir Path folder) throws IOException {
        Path output = folder.resolve("a/b");
        Run run = Run.of("provider", "--output", output.toString());
        assertEquals(0, run.exit(), run.err());
        Map<String, byte[]> images = ProviderImage.files(Objects.requireNonNull(Architecture.host()),
                EmittedSections.all(), Engine.STRIDE_SHIFT,
                Math.max(ProviderImage.NOMINAL_AREA_BYTES, ProviderImage.areaBytes()));
        assertEquals(Set.of("librseq4j.so", "librseq4j-next.so"), images.keySet());
        for (Map.Entry<String, byte[]> image : images.entrySet()) {
            assertArrayEquals(image.getValue(), Files.readAllBytes(output.resolve(image.getKey())));
        }
        assertEquals(ProviderHeader.text(EmittedSections.all(), Engine.STRIDE_SHIFT),
                Files.readString(output.resolve("rseq4j.h")));
        assertTrue(run.out().contains(output.resolve("librseq4j.so") + " ("
                + Objects.requireNonNull(images.get("librseq4j.so")).length + " bytes), librseq4j-next.so"), run.out());
        assertTrue(run.out().contains("LD_PRELOAD="), run.out());
    }

    @Test
    void declaresEveryFunctionAndEveryErrorInTheHeader(@TempDir Path folder) throws IOException {
        Run.of("provider", "--output=" + folder);
        String header = Files.readString(folder.resolve("rseq4j.h"));
        for (String name : new String[] {"register", "unregister", "join", "leave", "current_cpu", "mm_cid", "owner",
            "limit"}) {
            assertTrue(header.contains("\nint rseq4j_" + name + "(void);\n"), name);
        }
        for (Chain chain : EmittedSections.all()) {
            int declaration = header.indexOf("\nintptr_t rseq4j_" + chain.name() + "(intptr_t a0");
            assertTrue(declaration > 0, chain.name());
            String comment = header.substring(header.lastIndexOf("/*", declaration), declaration);
            chain.sections().forEach(section -> section.steps()
                    .forEach(step -> assertTrue(comment.contains("\n *   " + step + "\n"), step + " in " + comment)));
            assertEquals(chain.sections().getLast().result() != null, comment.contains(" *   return "), comment);
        }
        for (String error : new String[] {"ECANCELED", "EOVERFLOW", "EINVAL", "ENOENT", "ENOSYS"}) {
            assertTrue(header.contains("-" + error), error);
        }
    }

    @Test
    void refusesAFolderThatCannotBeCreated(@TempDir Path folder) throws IOException {
        Path file = Files.createFile(folder.resolve("file"));
        Run run = Run.of("provider", "--output", file.resolve("below").toString());
        assertEquals(5, run.exit());
        assertTrue(run.onlyError().contains("--output=" + file.resolve("below") + ": cannot be written"), run.err());
    }

    /** A shell runs the printed line, and the dynamic linker loads the image; or no line is printed. */
    @ParameterizedTest
    @CsvSource({"plain, true", "it's, true", "a;b&(c), true", "\"q\", true", "a b, false", "a:b, false", "a$LIB, false",
        "a\tb, false"})
    void printsALineToPreloadThatWorksOrNone(String name, boolean isGiven, @TempDir Path folder) throws Exception {
        Path output = folder.resolve(name);
        Run run = Run.of("provider", "--output", output.toString());
        assertEquals(0, run.exit(), run.err());
        String line = run.out().lines().toList().get(1);
        assertEquals(isGiven, line.startsWith("preload it: LD_PRELOAD="), line);
        if (isGiven) {
            Process process = new ProcessBuilder("sh", "-c", line.replace("preload it: ", "") + " cat /proc/self/maps")
                    .redirectErrorStream(true).start();
            String maps = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertEquals(0, process.waitFor(), maps);
            assertTrue(maps.contains(output.resolve("librseq4j.so").toString()), maps);
        }
    }

    @Test
    void requiresAFolder() {
        Run run = Run.of("provider");
        assertEquals(2, run.exit());
        assertTrue(run.onlyError().contains("--output=DIR"), run.err());
    }
}
