package io.github.rseq4j.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.annotation.JsonProperty;
import groovy.lang.GroovyShell;
import io.github.rseq4j.agent.table.MethodTableReader;
import java.io.BufferedReader;
import java.io.File;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import kotlin.text.StringsKt;
import org.example.calls.RealWork;
import org.h2.Driver;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.core.JsonParser;
import tools.jackson.databind.ObjectMapper;

/** Real programs compute the same when thousands of their methods are traced. */
@Timeout(value = 10, unit = TimeUnit.MINUTES)
final class RealWorkTest {
    private static final List<String> WORK = List.of("h2", "jackson", "http", "groovy", "kotlin", "javac");
    private static final List<String> TRACED = List.of("org.h2.**", "tools.jackson.**", "com.sun.net.httpserver.**",
            "jdk.internal.net.http.**", "org.codehaus.groovy.**", "groovy.**", "org.apache.groovy.**", "kotlin.**",
            "com.sun.tools.javac.**");
    private static final int MANY = 5000;

    private static String classPath() {
        return Stream.of(RealWork.class, Driver.class, ObjectMapper.class, JsonParser.class, JsonProperty.class,
                GroovyShell.class, StringsKt.class).map(type -> Path.of(type.getProtectionDomain().getCodeSource()
                .getLocation().getPath()).toString()).collect(Collectors.joining(File.pathSeparator));
    }

    /** The output of the program, and the number of methods that were called, as the table has it. */
    private record Run(List<String> lines, long methods) {}

    private static Run run(boolean isTraced, List<String> options) throws Exception {
        List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java")
                .toString()));
        command.addAll(options);
        command.addAll(List.of("-cp", classPath(), RealWork.class.getName()));
        command.addAll(WORK);
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        try {
            List<String> lines = new ArrayList<>();
            BufferedReader output = process.inputReader();
            for (String line = output.readLine(); line != null; line = output.readLine()) {
                lines.add(line);
                if (line.startsWith(WORK.getLast())) {
                    break;
                }
            }
            long methods = isTraced ? methods(process.pid()) : 0;
            process.outputWriter().close();
            assertEquals(0, process.waitFor(), lines.toString());
            return new Run(lines, methods);
        } finally {
            process.destroyForcibly().waitFor();
        }
    }

    private static long methods(long pid) throws Exception {
        try (MethodTableReader reader = MethodTableReader.open(pid)) {
            return reader.read().rows().stream().filter(row -> row.calls() > 0).count();
        }
    }

    private static String rules(String mode) {
        return TRACED.stream().map(glob -> "method=" + glob + ",mode=" + mode).collect(Collectors.joining(";"));
    }

    @Test
    void computesTheSame(@TempDir Path folder) throws Exception {
        List<String> expected = run(false, List.of()).lines();
        assertEquals(WORK, expected.stream().map(line -> line.substring(0, line.indexOf(' '))).toList(),
                expected.toString());
        Run traced = run(true, List.of("-Xverify:all", "-javaagent:" + AgentJar.make(folder) + "=" + rules("time")));
        assertEquals(expected, traced.lines());
        assertTrue(traced.methods() > MANY, traced.methods() + " methods");
    }
}
