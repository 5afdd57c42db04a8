package io.github.rseq4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.rseq4j.cli.manual.Manual;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

/** The man pages and completions of a distribution. */
class ManualTest {
    @TempDir
    private Path folder = Path.of("");

    @BeforeEach
    void write() throws IOException {
        ManualMain.main(new String[] {folder.toString()});
    }

    private Path page(String name) {
        return folder.resolve(Manual.PAGES).resolve(name + ".1");
    }

    /** Adds the page of a command and of its subcommands. */
    private static void addPages(CommandLine line, Set<String> pages) {
        pages.add(line.getCommandSpec().qualifiedName("-") + ".1");
        line.getSubcommands().values().forEach(command -> addPages(command, pages));
    }

    @Test
    void eachCommandHasAPage() throws IOException {
        Set<String> expected = new TreeSet<>();
        addPages(Main.commandLine(), expected);
        assertTrue(expected.containsAll(List.of("rseq4j.1", "rseq4j-trace-view.1")), expected.toString());
        try (Stream<Path> pages = Files.list(folder.resolve(Manual.PAGES))) {
            assertEquals(expected, pages.map(page -> page.toFile().getName())
                    .collect(Collectors.toCollection(TreeSet::new)));
        }
    }

    @Test
    void aPageHasEachOptionOfItsCommand() throws IOException {
        for (String name : List.of("attach", "selftest", "demo")) {
            String page = Files.readString(page("rseq4j-" + name)).replace("\\-", "-");
            CommandLine command = Objects.requireNonNull(Main.commandLine().getSubcommands().get(name));
            for (OptionSpec option : command.getCommandSpec().options()) {
                assertTrue(page.contains(option.longestName()), name + " " + option.longestName());
            }
        }
    }

    @Test
    void examplesKeepTheirLinesAndStatusesHaveASection() throws IOException {
        String page = Files.readString(page("rseq4j-attach"));
        assertTrue(page.contains(".SH \"EXAMPLES\"\n.nf\n\\&  rseq4j attach 4711 \\-\\-method"), page);
        assertTrue(page.contains(".SH \"EXIT STATUS\"\n.PP\n0 attached, 1 the agent refused"), page);
        assertFalse(page.contains("Examples:"), page);
        assertTrue(page.contains("\n.SS \"A rule; a \\-\\-method begins"), page);
    }

    @Test
    void pagesAreEqualForEqualCommands() throws IOException {
        String first = Files.readString(page("rseq4j"));
        write();
        assertEquals(first, Files.readString(page("rseq4j")));
    }

    @Test
    void theFormatterOfManPagesHasNothingToWarnOf() throws IOException, InterruptedException {
        boolean isThere = Files.isExecutable(Path.of("/usr/bin/groff"));
        assertTrue(isThere || !Boolean.getBoolean("rseq4j.ci"), "there is no groff");
        assumeTrue(isThere, "there is no groff");
        try (Stream<Path> pages = Files.list(folder.resolve(Manual.PAGES))) {
            for (Path page : pages.sorted().toList()) {
                Process groff = new ProcessBuilder("groff", "-man", "-Tutf8", "-ww", "-z", page.toString())
                        .redirectErrorStream(true).start();
                assertEquals(List.of(), groff.inputReader().readAllLines(), page.toString());
                assertEquals(0, groff.waitFor());
            }
        }
    }

    @Test
    void writesTheScriptThatTheCommandPrints() throws IOException {
        assertEquals(Run.of("completion").out().strip(),
                Files.readString(folder.resolve(Manual.COMPLETION).resolve("rseq4j")).strip());
    }
}
