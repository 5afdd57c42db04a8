package io.github.rseq4j.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.rseq4j.testing.Tool;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/**
 * A first use under a fault does not break the library: after the fault every structure works.
 *
 * <pre>
 * first use                        the first use itself        afterwards
 * on a deep stack                  overflows, or is fine       fine
 * with a full heap                 has no memory, or is fine   fine
 * with a full metaspace            an error, or fine           fine
 * where no thread can be started   fine                        fine, on the fallback with its reason
 * where no more code is mapped     says so, or fine            fine
 * on an interrupted thread         fine, still interrupted     fine
 * of many threads at a time        fine                        fine
 * at a real-time priority          fine                        fine, and no limit of real-time CPU time is met
 * on a thread with a deadline      fine                        fine, on the fallback: it may start no thread
 * the same, until it forks         fine                        fine
 * </pre>
 */
final class FirstUseTest {
    private static final String ALL = String.join(",", FirstUseChild.USES);

    private static List<String> child(List<String> options, String wrong, String uses) {
        List<String> all = new ArrayList<>(ChildJvm.NATIVE);
        String registration = System.getProperty(Engine.REGISTRATION_PROPERTY);
        if (registration != null) {
            all.add("-D" + Engine.REGISTRATION_PROPERTY + "=" + registration);
        }
        all.addAll(options);
        return ChildJvm.java(all, FirstUseChild.class, wrong, ChildJvm.classes().get(0) + "/",
                ChildJvm.classes().get(1) + "/", uses);
    }

    /** Runs a child and returns the outcome of each use: of the first attempt, of a later attempt, and the engine. */
    private static Map<String, String[]> outcomes(List<String> command) {
        Tool.Outcome outcome = Tool.run("a JDK, and util-linux", Map.of(), command);
        assertEquals(0, outcome.exit(), outcome.output());
        Map<String, String[]> uses = outcome.output().lines().filter(line -> line.contains(", then "))
                .collect(Collectors.toMap(line -> line.substring(0, line.indexOf('=')),
                        line -> line.substring(line.indexOf('=') + 1).split(", ", 3)));
        assertEquals(FirstUseChild.USES.size(), uses.size(), outcome.output());
        uses.forEach((use, each) -> {
            assertEquals("then fine", each[1], use + ": " + String.join(", ", each));
            // The fallback always has a reason and a remedy.
            assertTrue(each[2].equals("available") || each[2].matches("(?s)fallback: .+; .+"),
                    use + ": " + String.join(", ", each));
        });
        return uses;
    }

    private static void requireFirst(Map<String, String[]> uses, String... allowed) {
        uses.forEach((use, each) -> assertTrue(List.of(allowed).contains(each[0]),
                use + ": " + String.join(", ", each)));
    }

    @Test
    void overflowsOnADeepStackAndWorksAfterwards() {
        requireFirst(outcomes(child(List.of("-Xss512k"), "stack", ALL)), "fine", "overflow");
    }

    @Test
    void failsOnAFullHeapAndWorksAfterwards() {
        requireFirst(outcomes(child(List.of("-Xmx24m", "-XX:+UseSerialGC"), "heap", ALL)), "fine", "no memory");
    }

    @Test
    void worksAfterAFullMetaspace() {
        outcomes(child(List.of("-XX:MaxMetaspaceSize=40m", "-XX:+UseSerialGC"), "metaspace", ALL));
    }

    @Test
    void fallsBackWithItsReasonWhereNoThreadCanBeStarted() {
        // The limit does not apply to root, so setpriv changes the user.
        List<String> command = new ArrayList<>(List.of("prlimit", "--nproc=120"));
        if (System.getProperty("user.name").equals("root")) {
            command.addAll(0, List.of("setpriv", "--reuid=54321", "--regid=54321", "--clear-groups"));
        }
        command.addAll(child(List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"), "threads", ALL));
        Map<String, String[]> uses = outcomes(command);
        requireFirst(uses, "fine");
        uses.forEach((use, each) -> assertTrue(each[2].startsWith("fallback: no thread could be started")
                || each[2].startsWith("fallback: switched off"), use + ": " + String.join(", ", each)));
    }

    @Test
    void reportsThatNoMoreCodeIsMappedAndWorksAfterwards() {
        outcomes(child(List.of(), "code", ALL)).forEach((use, each) -> assertTrue(each[0].equals("fine")
                || each[0].contains("mprotect(length=") && each[0].contains("EACCES")
                        && !each[0].contains("NoClassDefFoundError"), use + ": " + String.join(", ", each)));
    }

    @Test
    void keepsTheInterruptOfItsCaller() {
        requireFirst(outcomes(child(List.of(), "interrupt", ALL)), "fine");
    }

    @Test
    void choosesOnceForManyThreads() {
        requireFirst(outcomes(child(List.of(), "many", ALL)), "fine");
    }

    @Test
    void doesNotSpinAtARealTimePriority() {
        // One CPU, and a limit of real-time CPU time that a spinning self-test would exceed, which would end the
        // process.
        for (String policy : List.of("--fifo", "--rr")) {
            List<String> command = new ArrayList<>(List.of("taskset", "-c", "0", "prlimit", "--rttime=400000:400000",
                    "chrt", policy, "10"));
            command.addAll(child(List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"), "nothing", ALL));
            assertScheduled(command);
        }
        // A JVM of the idle policy would not end on a busy machine.
        List<String> batch = new ArrayList<>(List.of("chrt", "--batch", "0"));
        batch.addAll(child(List.of(), "nothing", ALL));
        assertScheduled(batch);
    }

    @Test
    void fallsBackOnAThreadWithADeadline() {
        assumeAllowed(FirstUseChild.deadline("0", "true"));
        Map<String, String[]> uses = outcomes(child(List.of(), "deadline", ALL));
        requireFirst(uses, "fine");
        uses.forEach((use, each) -> assertTrue(each[2].startsWith("fallback: no thread could be started")
                        && each[2].contains("SCHED_RESET_ON_FORK")
                || each[2].startsWith("fallback: switched off"), use + ": " + String.join(", ", each)));
    }

    @Test
    void worksOnAThreadWhoseDeadlineEndsAtAFork() {
        assumeAllowed(FirstUseChild.deadline("0", "true"));
        assertChosen(outcomes(child(List.of(), "forkedDeadline", ALL)));
    }

    private static void assumeAllowed(List<String> command) {
        Tool.Outcome allowed = Tool.run("util-linux", Map.of(), command);
        if (!Boolean.getBoolean("rseq4j.ci")) {
            assumeTrue(allowed.exit() == 0, "no real-time priority: " + allowed.output());
        }
    }

    private static void assertScheduled(List<String> command) {
        assumeAllowed(List.of("chrt", "--fifo", "10", "true"));
        assertChosen(outcomes(command));
    }

    private static void assertChosen(Map<String, String[]> uses) {
        requireFirst(uses, "fine");
        if (Engine.get() instanceof NativeEngine) {
            uses.forEach((use, each) -> assertEquals("available", each[2], use + ": " + String.join(", ", each)));
        }
    }
}
