package io.github.rseq4j.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.annotation.JsonProperty;
import groovy.lang.GroovyShell;
import io.github.rseq4j.agent.table.MethodRow;
import java.io.File;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import kotlin.text.StringsKt;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.util.Callback;
import org.example.calls.RealWork;
import org.h2.Driver;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;
import tools.jackson.core.JsonParser;
import tools.jackson.databind.ObjectMapper;

/** Real programs compute the same when thousands of their methods are traced. */
@Timeout(value = 10, unit = TimeUnit.MINUTES)
final class RealWorkTest {
    private static final List<String> WORK = List.of("h2", "jackson", "http", "jetty", "groovy", "kotlin", "javac");
    private static final List<String> TRACED = List.of("org.h2.**", "tools.jackson.**", "com.sun.net.httpserver.**",
            "jdk.internal.net.http.**", "org.codehaus.groovy.**", "groovy.**", "org.apache.groovy.**", "kotlin.**",
            "com.sun.tools.javac.**", "org.eclipse.jetty.**");
    private static final int MANY = 5000;
    /** At least this many methods of the packages are called. */
    private static final Map<String, Integer> CALLED = Map.of("org.h2.", 1000, "tools.jackson.core.", 150,
            "tools.jackson.databind.", 400, "org.eclipse.jetty.", 1000, "com.sun.tools.javac.", 1000);

    private static String classPath() {
        return Stream.of(RealWork.class, Driver.class, ObjectMapper.class, JsonParser.class, JsonProperty.class,
                GroovyShell.class, StringsKt.class, Server.class, HttpField.class, EndPoint.class, Callback.class,
                LoggerFactory.class).map(Child::place).collect(Collectors.joining(File.pathSeparator));
    }

    /** The output of the program, and the methods that were called, as the table has them. */
    private record Run(List<String> lines, List<MethodRow> called) {}

    private static Run run(boolean isTraced, String... options) throws Exception {
        List<String> all = new ArrayList<>(List.of(options));
        all.addAll(List.of("-Dslf4j.internal.verbosity=ERROR", "-cp", classPath()));
        try (Child child = Child.start(all, RealWork.class, WORK.toArray(String[]::new))) {
            List<String> lines = child.linesTo(WORK.getLast());
            List<MethodRow> called = isTraced ? child.rows().stream().filter(row -> row.calls() > 0).toList()
                    : List.of();
            assertEquals(List.of(), child.end(), lines.toString());
            return new Run(lines, called);
        }
    }

    private static String rules(String mode) {
        return TRACED.stream().map(glob -> "method=" + glob + ",mode=" + mode).collect(Collectors.joining(";"));
    }

    @Test
    void computesTheSame(@TempDir Path folder) throws Exception {
        List<String> expected = run(false).lines();
        assertEquals(WORK, expected.stream().map(line -> line.substring(0, line.indexOf(' '))).toList(),
                expected.toString());
        Run traced = run(true, "-Xverify:all", "-javaagent:" + AgentJar.make(folder) + "=" + rules("time"));
        assertEquals(expected, traced.lines());
        assertTrue(traced.called().size() > MANY, traced.called().size() + " methods");
        CALLED.forEach((name, least) -> {
            long called = traced.called().stream().filter(row -> row.className().startsWith(name)).count();
            assertTrue(called >= least, name + " " + called);
        });
    }
}
