package io.github.rseq4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Ctrl-C on a terminal ends a command early, and it prints what was found so far. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class InterruptTest {
    private static final String INTERRUPT = "\u0003";
    private static final int STATUS = 130;

    @TempDir
    private Path folder = Path.of("");

    @Test
    void selftestPrintsItsResultsSoFar() throws Exception {
        try (Terminal terminal = new Terminal(folder, "selftest", "--seconds=600")) {
            // The bar of the storms, which follow the proofs of the sections.
            terminal.await("storms");
            terminal.type(INTERRUPT);
            String rows = terminal.await("stopped by Ctrl-C: these are the results until then");
            assertTrue(rows.contains("interrupted") && !rows.contains("passed") && rows.contains("counted"), rows);
            assertEquals(STATUS, terminal.exit());
        }
    }
}
