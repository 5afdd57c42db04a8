package io.github.rseq4j.cli.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.cli.Run;
import io.github.rseq4j.trace.Tracer;
import io.github.rseq4j.trace.ctf.EventType;
import io.github.rseq4j.trace.ctf.FieldType;
import io.github.rseq4j.trace.ctf.TraceDescription;
import io.github.rseq4j.trace.ctf.TraceThread;
import io.github.rseq4j.trace.ctf.TraceWriter;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Each command shows the thread of an event, with Java's number and name if the trace has them. */
class TraceThreadsTest {
    private static final String HOSTILE = "x\u001b[31m\u202e\"</script>\n\u0000";
    private static final EventType SAMPLE = new EventType("cpu:sample", 3, 6,
            List.of(new EventType.Field("address", FieldType.Basic.LONG)));

    @TempDir
    private Path folder = Path.of("");

    /** Writes an event of a thread at a time. */
    private record At(long timestamp, long threadId, EventType type) {}

    private static TraceThread platform(long id, long tid, long from, long to, String name) {
        return new TraceThread(id, tid, false, from, to, name);
    }

    private String trace(List<TraceThread> threads, Map<String, Object> environment, At... events) throws IOException {
        Path trace = folder.resolve("trace");
        try (TraceWriter writer = new TraceWriter(trace, new TraceDescription(new UUID(1, 2),
                SampleTrace.DESCRIPTION.clock(), 1, environment, threads,
                List.of(SampleTrace.BEGIN, SampleTrace.END, SAMPLE)), 4096)) {
            for (At event : events) {
                writer.append(0, event.timestamp(), event.threadId(), event.type(),
                        event.type().equals(SAMPLE) ? (Object) 1L
                                : event.type().equals(SampleTrace.BEGIN) ? (Object) "/" : 7);
            }
        }
        return trace.toString();
    }

    /** Java's threads 20 and 21 had the same number of the kernel's one after the other; other threads had it later. */
    private String reused() throws IOException {
        return trace(List.of(platform(20, 4711, 100, 200, "first"), platform(21, 4711, 300, 400, "second"),
                        platform(TraceThread.NONE, 4711, 500, 600, "gc"),
                        platform(TraceThread.NONE, 4711, 700, TraceThread.OPEN, "gc"),
                        platform(TraceThread.NONE, 4712, 0, TraceThread.OPEN, "compiler"),
                        new TraceThread(22, TraceThread.NONE, true, 0, TraceThread.OPEN, "virtual")),
                Map.of(TraceThread.VIRTUAL, "23,30-35"),
                new At(1, -4711, SAMPLE), new At(100, -4711, SAMPLE), new At(101, 20, SampleTrace.BEGIN),
                new At(199, -4711, SampleTrace.END), new At(200, -4711, SAMPLE), new At(300, 21, SampleTrace.BEGIN),
                new At(301, -4711, SAMPLE), new At(399, 21, SampleTrace.END), new At(450, -4711, SAMPLE),
                new At(550, -4711, SAMPLE), new At(800, -4711, SAMPLE), new At(801, -4712, SAMPLE),
                new At(802, 22, SampleTrace.BEGIN), new At(803, 23, SampleTrace.BEGIN),
                new At(804, 29, SampleTrace.BEGIN), new At(805, 30, SampleTrace.BEGIN),
                new At(806, 35, SampleTrace.BEGIN), new At(807, 36, SampleTrace.BEGIN), new At(808, -9, SAMPLE));
    }

    private static List<String> lines(Run run) {
        assertEquals("", run.err());
        assertEquals(0, run.exit());
        return run.out().lines().toList();
    }

    @Test
    void showsSamplesOfAJavaThreadWithItsNumberAndName() throws IOException {
        List<String> shown = new ArrayList<>();
        lines(Run.of("trace", "view", reused())).forEach(line -> shown.add(line.replaceFirst(
                ".* tid (-?\\d+) (?:web|cpu):(?:request_)?(\\w+) \\w+=\\S+(.*)", "$1 $2$3")));
        assertEquals(List.of("20 sample thread \"first\"", "20 sample thread \"first\"",
                "20 begin thread \"first\"", "20 end thread \"first\"", "21 sample thread \"second\"",
                "21 begin thread \"second\"", "21 sample thread \"second\"", "21 end thread \"second\"",
                "-4711 sample thread \"gc\"", "-4711 sample thread \"gc\"", "-4711 sample thread \"gc\"",
                "-4712 sample thread \"compiler\"", "22 begin virtual thread \"virtual\"", "23 begin virtual thread",
                "29 begin", "30 begin virtual thread", "35 begin virtual thread", "36 begin", "-9 sample"), shown);
    }

    @Test
    void printsTheNameAtTheEndOfALine() throws IOException {
        String named = trace(List.of(platform(20, 1, 0, TraceThread.OPEN, "main")), Map.of(),
                new At(1, 20, SampleTrace.BEGIN));
        assertEquals(List.of("2025-11-24T16:00:00.000000001Z cpu 0 tid 20 web:request_begin path=\"/\""
                + " thread \"main\""), lines(Run.of("trace", "view", named)));
    }

    @Test
    void printsNameNumberAndKindAsJson() throws IOException {
        String trace = reused();
        List<String> lines = lines(Run.of("trace", "view", "--json", trace));
        assertTrue(lines.get(1).contains("\"tid\":20,\"threadName\":\"first\",\"kernelTid\":4711,\"virtual\":false,"),
                lines.get(1));
        assertTrue(lines.get(11).contains("\"tid\":-4712,\"threadName\":\"compiler\",\"kernelTid\":4712,"
                + "\"virtual\":false,"), lines.get(11));
        assertTrue(lines.get(12).contains("\"tid\":22,\"threadName\":\"virtual\",\"virtual\":true,\"event\""),
                lines.get(12));
        assertTrue(lines.get(14).contains("\"tid\":29,\"event\""), lines.get(14));
    }

    @Test
    void countsEventsByThread() throws IOException {
        String trace = reused();
        JsonNode summary = JsonMapper.shared().readTree(Run.of("trace", "summary", "--json", trace).out());
        Map<String, String> threads = new TreeMap<>();
        summary.get("byThread").forEach(each -> threads.merge(each.get("tid") + " " + each.path("name").asString(""),
                each.get("count") + "/" + each.get("samples"), (a, b) -> a + " and " + b));
        // Two native threads had the number 4711 one after the other.
        assertEquals("1/1 and 2/2", String.valueOf(threads.remove("-4711 gc")).replace("2/2 and 1/1", "1/1 and 2/2"));
        assertEquals(Map.of("20 first", "4/2", "21 second", "4/2", "-4712 compiler", "1/1", "22 virtual", "1/0",
                "23 ", "1/0", "29 ", "1/0", "30 ", "1/0", "35 ", "1/0", "36 ", "1/0", "-9 ", "1/1"), threads);
        assertEquals(0, summary.get("otherThreads").asInt());
        // A span whose end native code recorded belongs to the Java thread.
        assertEquals(2, summary.get("latencies").get("web:request").get("count").asInt());
        Run run = Run.of("trace", "summary", trace);
        assertTrue(run.out().matches("(?s).*\nTHREAD +COUNT +PER SECOND +CPU SAMPLES\n20 \"first\" +4 .*"),
                run.out());
        assertTrue(run.out().contains("\n22 virtual \"virtual\" "), run.out());
        assertTrue(run.out().contains("\n30 virtual "), run.out());
    }

    @Test
    void reportsTheNumberOfForgottenThreads() throws IOException {
        String trace = trace(List.of(), Map.of(TraceThread.FORGOTTEN, 12_345L), new At(1, 20, SampleTrace.BEGIN));
        assertTrue(Run.of("trace", "summary", trace).out().contains("the names of 12,345 threads were not kept"));
    }

    @Test
    void showsTheThreadsWithTheMostEvents() throws IOException {
        At[] events = new At[3000];
        for (int i = 0; i < events.length; i++) {
            events[i] = new At(i, i < 1100 ? 1000 + i : 7, SAMPLE);
        }
        String trace = trace(List.of(platform(7, 8, 0, TraceThread.OPEN, "busy")), Map.of(), events);
        JsonNode summary = JsonMapper.shared().readTree(Run.of("trace", "summary", "--json", trace).out());
        assertEquals(1000, summary.get("byThread").size());
        assertEquals("busy", summary.get("byThread").get(0).get("name").asString());
        assertEquals(3000 - 1900 - 999, summary.get("otherThreads").asInt());
        List<String> rows = Run.of("trace", "summary", trace).out().lines().dropWhile(
                line -> !line.startsWith("THREAD")).takeWhile(line -> !line.isEmpty()).toList();
        assertEquals(22, rows.size(), rows.toString());
        assertTrue(rows.get(1).startsWith("7 \"busy\" "), rows.get(1));
        assertTrue(rows.get(21).matches("others +1,081 *"), rows.get(21));
    }

    @Test
    void namesTracksAndDrawsSamplesOnThem() throws IOException {
        JsonNode root = JsonMapper.shared().readTree(Run.of("trace", "convert", "--to=chrome", reused()).out());
        Map<Integer, String> names = new TreeMap<>();
        Map<Integer, Integer> events = new TreeMap<>();
        for (JsonNode event : root.get("traceEvents")) {
            if (event.get("name").asString().equals("thread_name")) {
                names.put(event.get("tid").asInt(), event.get("args").get("name").asString());
            } else if (!event.get("ph").asString().equals("M") && !event.path("args").has("unfinished")) {
                events.merge(event.get("tid").asInt(), 1, Integer::sum);
            }
        }
        assertEquals(Map.of(20, "first", 21, "second", -4711, "gc", -4712, "compiler", 22, "virtual",
                23, "virtual thread 23", 29, "thread 29", 30, "virtual thread 30", 35, "virtual thread 35",
                36, "thread 36"), Map.copyOf(without(names, -9)));
        assertEquals("thread -9", names.get(-9));
        assertEquals(4, events.get(20));
        assertEquals(4, events.get(21));
        assertFalse(root.get("otherData").has("thread_20"), "threads are not properties of the process");
    }

    private static Map<Integer, String> without(Map<Integer, String> names, int tid) {
        Map<Integer, String> others = new TreeMap<>(names);
        others.remove(tid);
        return others;
    }

    @Test
    void namesTheLanesOfAPage() throws IOException {
        Path page = folder.resolve("page.html");
        assertEquals(0, Run.of("trace", "report", reused(), "--html=" + page).exit());
        String html = Files.readString(page);
        for (String lane : List.of("thread 20 \\\"first\\\"", "thread -4711 \\\"gc\\\"",
                "virtual threads", "virtual", "thread 29")) {
            assertTrue(html.contains("\"" + lane + "\""), lane);
        }
    }

    @Test
    void escapesHiddenCharactersInNames() throws IOException {
        String trace = trace(List.of(platform(20, 1, 0, TraceThread.OPEN, HOSTILE),
                new TraceThread(21, TraceThread.NONE, true, 0, TraceThread.OPEN, "\uD83D\uDE00".repeat(1000))),
                Map.of(), new At(1, 20, SampleTrace.BEGIN), new At(2, 21, SampleTrace.BEGIN));
        Path page = folder.resolve("page.html");
        for (String command : List.of("view", "view --json", "summary", "summary --json", "convert --to=chrome",
                "report --html=" + page)) {
            List<String> words = new ArrayList<>(List.of(command.split(" ")));
            words.add(0, "trace");
            words.add(trace);
            Run run = Run.of(words.toArray(String[]::new));
            assertEquals(0, run.exit(), run.err());
            String all = run.out() + (Files.exists(page) ? Files.readString(page) : "");
            assertTrue(all.codePoints().noneMatch(c -> c == 0x1B || c == 0 || c == 0x202E), command);
            assertTrue(Files.exists(page) || all.toLowerCase(Locale.ROOT).contains("\\u001b[31m"), command);
            assertFalse(Files.exists(page) && all.contains("\"</script>"), command);
        }
        assertEquals(2, lines(Run.of("trace", "view", trace)).size());
    }

    /** A malformed entry is a property of the process, and no reason to refuse the trace. */
    @Test
    void keepsMalformedEntriesAsProperties() throws IOException {
        Map<String, Object> environment = new TreeMap<>(Map.of("thread_1", "main", "thread_2", 7L, "thread_0",
                "platform"
                + " name=x", "kernel_thread_3", "platform name=x", "thread_4", "kernel name=x", "thread_5", "platform"
                + " from=99999999999999999999 name=x", "thread_6", "platform tid=0 name=x", "virtual_threads",
                "x,-,99999999999999999999,5-,7-3,0", "threads_forgotten", "many"));
        String trace = trace(List.of(platform(7, 8, 0, TraceThread.OPEN, "named")), environment,
                new At(1, 7, SampleTrace.BEGIN), new At(2, 1, SampleTrace.BEGIN));
        List<String> lines = lines(Run.of("trace", "view", trace));
        assertTrue(lines.get(0).endsWith(" thread \"named\""), lines.get(0));
        assertTrue(lines.get(1).endsWith(" tid 1 web:request_begin path=\"/\""), lines.get(1));
        JsonNode summary = JsonMapper.shared().readTree(Run.of("trace", "summary", "--json", trace).out());
        assertEquals(environment.size(), summary.get("environment").size());
        assertEquals(0, Run.of("trace", "summary", trace).exit());
    }

    /** The events of this test. */
    interface Steps {
        void step(int number);
    }

    @Test
    void showsTheThreadsOfATracer() throws Exception {
        Path trace = folder.resolve("live");
        Thread platform;
        Thread virtual;
        try (Tracer tracer = Tracer.streaming(trace)) {
            Steps steps = tracer.probes(MethodHandles.lookup(), Steps.class);
            platform = Thread.ofPlatform().name("order \"queue\"").start(() -> steps.step(1));
            platform.join();
            virtual = Thread.ofVirtual().name("visitor").start(() -> steps.step(2));
            virtual.join();
            tracer.flush();
            List<String> live = Run.of("trace", "view", trace.toString()).out().lines().toList();
            assertTrue(live.get(0).endsWith(" thread \"order \\\"queue\\\"\""), live.get(0));
        }
        List<String> lines = lines(Run.of("trace", "view", trace.toString()));
        assertTrue(lines.get(0).contains(" tid " + platform.threadId() + " "), lines.get(0));
        assertTrue(lines.get(0).endsWith(" thread \"order \\\"queue\\\"\""), lines.get(0));
        assertTrue(lines.get(1).contains(" tid " + virtual.threadId() + " "), lines.get(1));
        assertTrue(lines.get(1).endsWith(" virtual thread \"visitor\""), lines.get(1));
    }
}
