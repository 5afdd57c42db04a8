package io.github.rseq4j.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;
import org.example.calls.Program;
import org.example.calls.Stepped;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Classes that a program loads from a CDS archive or an AOT cache are traced like others. */
@Timeout(value = 15, unit = TimeUnit.MINUTES)
final class ArchivedClassesTest {
    private static final String RULE = "method=" + Program.class.getName() + "$**,mode=time";
    private static final String STEPS = "20";
    @TempDir
    private Path folder;
    private Path agent;
    private Path archive;
    private Path log;

    @BeforeEach
    void makeTheJars() throws Exception {
        agent = AgentJar.make(folder);
        archive = folder.resolve("archive");
        log = folder.resolve("log");
        Path classes = Path.of(Child.place(Stepped.class), Stepped.class.getPackageName().replace('.', '/'));
        // The JVM archives no classes of folders.
        try (OutputStream out = Files.newOutputStream(folder.resolve("program.jar"));
             JarOutputStream jar = new JarOutputStream(out); Stream<Path> all = Files.list(classes)) {
            for (Path each : all.filter(file -> file.toString().endsWith(".class")).toList()) {
                jar.putNextEntry(new JarEntry(Path.of(Child.place(Stepped.class)).relativize(each).toString()));
                Files.copy(each, jar);
            }
        }
    }

    private Child start(String... options) throws IOException {
        return Child.start(Stream.concat(Stream.of(options), Stream.of("-XX:+EnableDynamicAgentLoading",
                "-Xlog:class+load:file=" + log, "-cp", folder.resolve("program.jar").toString())).toList(),
                Stepped.class);
    }

    private static Map<String, Long> step(Child child) throws IOException {
        child.say(STEPS);
        return Child.counted(child.linesTo("counts ").getLast());
    }

    /** Runs the program once, and lets its JVM write the archive. */
    private void archive(String... options) throws Exception {
        try (Child child = start(options)) {
            step(child);
            child.end();
        }
        assertTrue(Files.size(archive) > 0);
    }

    private void assertLoadedFromTheArchive(Class<?> type, boolean isArchived) throws IOException {
        List<String> lines = Files.readAllLines(log).stream()
                .filter(line -> line.contains(" " + type.getName() + " source: ")).toList();
        assertEquals(isArchived, lines.getFirst().contains("source: shared objects file"), lines.toString());
    }

    private void countsAfterAttach(String... options) throws Exception {
        try (Child child = start(options)) {
            Map<String, Long> expected = new HashMap<>(step(child));
            assertLoadedFromTheArchive(Program.Work.class, true);
            String answer = child.agent(agent, RULE);
            assertTrue(answer.startsWith("ok\n"), answer);
            step(child).forEach((name, calls) -> expected.merge(name, calls, (before, now) -> now - before));
            assertCounts(expected, child);
            String detached = child.agent(agent, "detach");
            assertTrue(detached.matches("ok\n\\d+ classes are restored\n"), detached);
            step(child);
            assertCounts(expected, child);
            assertEquals("ended", child.end().getLast());
        }
    }

    private void countsFromTheStart(String... options) throws Exception {
        try (Child child = start(options)) {
            assertCounts(step(child), child);
            assertEquals("ended", child.end().getLast());
        }
    }

    private static void assertCounts(Map<String, Long> expected, Child child) throws Exception {
        Map<String, Long> counted = child.calls();
        expected.forEach((name, calls) -> assertEquals(calls, counted.get(name), name));
    }

    @Test
    void countsTheCallsOfClassesOfADynamicArchive() throws Exception {
        archive("-XX:ArchiveClassesAtExit=" + archive);
        String use = "-XX:SharedArchiveFile=" + archive;
        countsAfterAttach(use);
        countsFromTheStart(use, "-javaagent:" + agent + "=" + RULE);
        assertLoadedFromTheArchive(Stepped.class, true);
    }

    @Test
    void countsTheCallsOfClassesOfAnAotCache() throws Exception {
        archive("-XX:AOTCacheOutput=" + archive);
        String use = "-XX:AOTCache=" + archive;
        countsAfterAttach(use);
        countsFromTheStart(use, "-javaagent:" + agent + "=" + RULE);
        // The JVM uses a cache with an agent only if it was made with one.
        assertLoadedFromTheArchive(Stepped.class, false);
    }

    /** The JVM loads the classes of the cache before it starts the agent. */
    @Test
    void countsTheCallsOfClassesOfAnAotCacheThatWasMadeWithTheAgent() throws Exception {
        archive("-XX:AOTCacheOutput=" + archive, "-javaagent:" + agent + "=method=no.such.Class");
        countsFromTheStart("-XX:AOTCache=" + archive, "-javaagent:" + agent + "=" + RULE);
        assertLoadedFromTheArchive(Program.Work.class, true);
    }
}
