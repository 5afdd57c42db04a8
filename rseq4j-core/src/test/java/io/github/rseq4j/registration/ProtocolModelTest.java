package io.github.rseq4j.registration;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.kernel.Architecture;
import io.github.rseq4j.provider.ProviderImage;
import io.github.rseq4j.provider.ProviderWords;
import io.github.rseq4j.sections.Sections;
import io.github.rseq4j.testing.Tool;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The protocol's model holds, each rejected variant fails in it, and its names match the code. */
final class ProtocolModelTest {
    private static final Pattern NAME = Pattern.compile("\\b(?:__rseq|rseq4j)_\\w+");
    private static final Pattern PROPERTY = Pattern.compile("^never (P\\d) ", Pattern.MULTILINE);
    private static final Pattern ROW = Pattern.compile("^(\\w+) *\\| ([P0-9 ]+)\\|", Pattern.MULTILINE);
    private static final Path ROOT = root();

    private static Path root() {
        Path start = Path.of(System.getProperty("user.dir", ".")).toAbsolutePath();
        for (Path at = start; at != null; at = at.getParent()) {
            if (Files.isDirectory(at.resolve("protocol"))) {
                return at;
            }
        }
        throw new IllegalStateException("no folder protocol above user.dir=" + start);
    }

    private static String text(String file) throws IOException {
        return Files.readString(ROOT.resolve(file));
    }

    private static List<String> found(Pattern pattern, int group, String text) {
        return pattern.matcher(text).results().map((MatchResult each) -> each.group(group)).toList();
    }

    @Test
    void theProtocolHoldsAndEachRejectedVariantFails(@TempDir Path folder) {
        Tool.output("spin", List.of("spin", "-V"));
        Tool.output("gcc", List.of("gcc", "--version"));
        Tool.Outcome outcome = Tool.run("spin", Map.of(),
                List.of(ROOT.resolve("protocol/check").toString(), folder.toString()));
        System.out.println(outcome.output());
        assertEquals(0, outcome.exit(), outcome.output());
        assertTrue(outcome.output().lines().anyMatch(line -> line.startsWith("PASS")), outcome.output());
    }

    @Test
    void theModelUsesTheNamesOfTheCodeAndTheDocument() throws IOException {
        String document = text("docs/protocol.md");
        TreeSet<String> names = new TreeSet<>(found(NAME, 0, text("protocol/registration.pml")));
        assertTrue(names.containsAll(List.of("rseq4j_register", "rseq4j_unregister", "rseq4j_join", "rseq4j_leave",
                ProviderWords.REFCOUNT, ProviderWords.USERS, ProviderWords.STATE, ProviderWords.ARMED)),
                names::toString);
        for (String name : names) {
            assertTrue(document.contains("`" + name + "`"), name + " is in the model, and not in docs/protocol.md");
        }
        names.addAll(found(NAME, 0, document));
        String image = new String(ProviderImage.write(Architecture.X64, ProviderImage.FILE_NAME, Sections.all(),
                Engine.STRIDE_SHIFT, ProviderImage.NOMINAL_AREA_BYTES), StandardCharsets.ISO_8859_1);
        for (String name : names) {
            assertTrue(image.contains("\0" + name + "\0"), name + " is not a symbol of the provider image");
        }
    }

    @Test
    void theModelsStatesMatchTheCode() throws IOException {
        String model = text("protocol/registration.pml");
        assertTrue(model.matches("(?s).*#define JOINED +" + ProviderWords.JOINED + "\n.*"));
        assertTrue(model.matches("(?s).*#define TOMBSTONE +" + ProviderWords.TOMBSTONE + "\n.*"));
    }

    @Test
    void everyPropertyIsDocumentedAndBrokenByARejectedVariant() throws IOException {
        String document = text("docs/protocol.md");
        String rejected = rejected();
        List<String> properties = found(PROPERTY, 1, text("protocol/registration.pml"));
        assertEquals(List.of("P1", "P2", "P3", "P4", "P5", "P6"), properties);
        String broken = String.join(" ", found(ROW, 2, rejected));
        for (String property : properties) {
            assertTrue(document.contains("| **" + property + "** |"), property);
            assertTrue(broken.contains(property), property + " cannot fail");
        }
    }

    @Test
    void everyRejectedVariantHasItsTimeline() throws IOException {
        String document = text("docs/protocol.md");
        List<MatchResult> variants = ROW.matcher(rejected()).results().toList();
        assertFalse(variants.isEmpty());
        for (MatchResult each : variants) {
            String breaks = each.group(2).strip().replace(" ", ", ");
            Pattern timeline = Pattern.compile("\\*\\*`" + each.group(1) + "`\\*\\* \\(" + breaks
                    + "\\):[^`]*(?:`[^`]+`[^`]*)*\n```\n");
            assertTrue(timeline.matcher(document).find(), each.group(1) + " (" + breaks + ") in docs/protocol.md");
        }
    }

    private static String rejected() throws IOException {
        String check = text("protocol/check");
        int start = check.indexOf("\nrejected='");
        return check.substring(start, check.indexOf("'\n", start + "\nrejected='".length()));
    }
}
