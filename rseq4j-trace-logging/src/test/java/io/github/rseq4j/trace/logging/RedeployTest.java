package io.github.rseq4j.trace.logging;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.trace.TraceRecovery;
import io.github.rseq4j.trace.Tracer;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Nothing remains of a dropped class loader with a bridge and its open tracer. */
final class RedeployTest {
    private static final Path ROOT = Path.of(Objects.requireNonNull(System.getProperty("rseq4j.root")));
    private static final String CLASSES = Stream.of("rseq4j-core/target/classes", "rseq4j-trace/target/classes",
            "rseq4j-trace/target/test-classes", "rseq4j-trace-logging/target/classes",
            "rseq4j-trace-logging/target/test-classes").map(each -> ROOT.resolve(each).toString())
            .collect(Collectors.joining(File.pathSeparator));
    /** -Drseq4j.redeploys=300 is the soak. */
    private static final int ROUNDS = Integer.getInteger("rseq4j.redeploys", 6);

    @ParameterizedTest
    @EnumSource
    void keepsNoDroppedLoader(LoggedProgram.Use use, @TempDir Path folder) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
                // The JDK keeps soft references to some linked classes.
                "-XX:SoftRefLRUPolicyMSPerMB=0",
                "-Drseq4j.registration=" + System.getProperty("rseq4j.registration", "auto"),
                "--enable-native-access=ALL-UNNAMED", "-cp", CLASSES, "io.github.rseq4j.trace.RedeployChild",
                LoggedProgram.class.getName(), use.name(), String.valueOf(ROUNDS), folder.toString())
                .redirectErrorStream(true).start();
        String output = String.join("\n", process.inputReader().readAllLines()) + "\n";
        assertEquals(0, process.waitFor(), output);
        assertTrue(output.contains("\nlevel=true\n") && output.contains("\nend\n"), output);
        assertFalse(output.contains("Exception") || output.contains("Error"), output);
        // Each copy left the files of a killed process, because its tracer was not closed.
        String lostOnKill;
        try (Tracer tracer = Tracer.streaming(folder.resolve("own"))) {
            lostOnKill = tracer.stats().lostOnKill();
        }
        try (Stream<Path> traces = Files.list(folder)) {
            for (Path trace : traces.filter(each -> Files.exists(each.resolve(".rings"))).toList()) {
                List<String> problems = TraceRecovery.recover(trace).problems();
                // Where rings end with the process, recovery reports it.
                assertTrue(problems.isEmpty() || lostOnKill != null, problems.toString());
                List<String> texts = LoggedTrace.texts(trace);
                assertTrue(texts.stream().allMatch(text -> text.contains(use + " logs")), texts::toString);
            }
        }
    }
}
