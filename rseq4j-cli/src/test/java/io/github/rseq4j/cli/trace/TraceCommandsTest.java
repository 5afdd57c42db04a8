package io.github.rseq4j.cli.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.cli.Run;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class TraceCommandsTest {
    @TempDir
    private Path folder = Path.of("");

    private String trace(int requests) {
        return SampleTrace.write(folder.resolve("trace"), requests).toString();
    }

    private static List<String> lines(Run run) {
        assertEquals("", run.err());
        assertEquals(0, run.exit());
        return run.out().lines().toList();
    }

    @Test
    void printsEveryEventInOrderAndNoControlCharacter() {
        assertEquals(List.of(
                "2025-11-24T16:00:00.000000000Z cpu 0 tid 20 web:request_begin path=\"/a\\u001b[31m?n=0\"",
                "2025-11-24T16:00:00.000000500Z cpu 0 tid 20 cache:hit kind=STALE key=01ab load=NaN",
                "2025-11-24T16:00:00.000001000Z cpu 0 tid 20 web:request_end status=200"),
                lines(Run.of("trace", "view", trace(1))));
    }

    @Test
    void marksTruncatedValues() {
        List<String> lines = lines(Run.of("trace", "view", trace(101), "--event", "*begin"));
        assertEquals("2025-11-24T16:00:00.001000000Z cpu 0 tid 20 web:request_begin path=\"/a\\u001b[31m?n=10\""
                + "(of 13 bytes)", lines.get(100));
    }

    @ParameterizedTest
    @CsvSource({"--event=web:*, 40", "--event=cache:hi?, 20", "--event=request, 0", "--cpu=1, 30", "--cpu=7, 0",
        "--from=10us, 57", "--to=10us, 3", "--from=2025-11-24T16:00:00.00019Z, 3", "--to=1s, 60"})
    void selectsEventsByOneOption(String option, int count) {
        assertEquals(count, lines(Run.of("trace", "view", trace(20), option)).size());
    }

    @Test
    void selectsEventsBySeveralOptions() {
        assertEquals(4, lines(Run.of("trace", "view", trace(20), "--event=cache:*", "--event=*_end", "--cpu=0",
                "--from=20us", "--to=0.00005s")).size());
    }

    @Test
    void printsOneJsonObjectALine() {
        List<String> lines = lines(Run.of("trace", "view", trace(101), "--json"));
        assertEquals(303, lines.size());
        assertEquals("{\"time\":\"2025-11-24T16:00:00.000000500Z\",\"cycles\":500,"
                + "\"cpu\":0,\"tid\":20,\"event\":\"cache:hit\","
                + "\"fields\":{\"kind\":\"STALE\",\"key\":\"01ab\",\"load\":\"NaN\"}}", lines.get(1));
        JsonNode last = JsonMapper.shared().readTree(lines.get(300));
        assertEquals("/a\u001b[31m?n=10", last.get("fields").get("path").asString());
        assertEquals(13, last.get("truncated").get("path").asInt());
    }

    @ParameterizedTest
    @ValueSource(strings = {"yesterday", "1", "1.5.5s", "99h", ""})
    void refusesATimeThatCannotBeParsed(String time) {
        Run run = Run.of("trace", "view", trace(1), "--from=" + time);
        assertEquals(2, run.exit());
        assertTrue(run.onlyError().startsWith("rseq4j: --from=" + time + ": is not a time"), run.err());
    }

    @Test
    void refusesACpuThatCannotBe() {
        Run run = Run.of("trace", "view", trace(1), "--cpu=-1");
        assertEquals(2, run.exit());
        assertEquals("rseq4j: --cpu=-1: must be 0 or more", run.onlyError());
    }

    @Test
    void summaryCountsEventsAndMeasuresLatencies() {
        Run run = Run.of("trace", "summary", trace(900), "--json");
        assertEquals(0, run.exit(), run.err());
        JsonNode summary = JsonMapper.shared().readTree(run.out());
        assertEquals(2700, summary.get("events").asInt());
        assertEquals(5, summary.get("discarded").asInt());
        assertEquals(0, summary.get("unmatched").asInt());
        assertEquals(0.008999, summary.get("seconds").asDouble(), 1e-9);
        assertEquals(2700 / 0.008999, summary.get("perSecond").asDouble(), 1e-3);
        assertEquals(List.of("web:request_begin 900", "web:request_end 900", "cache:hit 900"),
                texts(summary.get("byEvent"), "event"));
        assertEquals(List.of("0 1350", "1 1350"), texts(summary.get("byCpu"), "cpu"));
        JsonNode latency = summary.get("latencies").get("web:request");
        assertEquals(900, latency.get("count").asInt());
        assertEquals(5000, latency.get("medianNanos").asInt(), 50);
        assertEquals(9000, latency.get("p99Nanos").asInt(), 90);
        assertEquals(9000, latency.get("maxNanos").asInt());
    }

    private static List<String> texts(JsonNode list, String key) {
        List<String> texts = new ArrayList<>();
        list.forEach(each -> texts.add(each.get(key).asString() + " " + each.get("count").asString()));
        return texts;
    }

    @Test
    void summaryPrintsTables() {
        Run run = Run.of("trace", "summary", trace(9));
        assertEquals(0, run.exit(), run.err());
        assertTrue(run.out().startsWith("27 events in 0.000089 s"), run.out());
        assertTrue(run.out().contains("5 discarded, 0 packets lost"), run.out());
        assertTrue(run.out().matches("(?s).*\nweb:request +9 +5.0\\d\\d +9.000 +9.000\n.*"), run.out());
    }

    @Test
    void convertWritesSlicesAndInstantsOfEachThread() throws IOException {
        Path file = folder.resolve("chrome.json");
        Run run = Run.of("trace", "convert", trace(10), "--to=chrome", "--output=" + file);
        assertEquals(0, run.exit(), run.err());
        JsonNode root = JsonMapper.shared().readTree(Files.readString(file));
        Map<String, Integer> phases = new HashMap<>();
        root.get("traceEvents").forEach(event -> phases.merge(event.get("ph").asString(), 1, Integer::sum));
        assertEquals(Map.of("M", 3, "B", 10, "E", 10, "i", 10), phases);
        JsonNode end = root.get("traceEvents").get(4);
        assertEquals("{\"ph\":\"E\",\"name\":\"web:request\",\"cat\":\"web\",\"ts\":1.000,\"pid\":77,\"tid\":20,"
                + "\"args\":{\"status\":200,\"cpu\":0}}", lineWith(Files.readString(file), "\"E\""));
        assertEquals(20, end.get("tid").asInt());
        Run printed = Run.of("trace", "convert", trace2(), "--to=chrome");
        assertEquals(Files.readString(file) + System.lineSeparator(), printed.out());
    }

    private String trace2() {
        return folder.resolve("trace").toString();
    }

    private static String lineWith(String text, String part) {
        return text.lines().filter(line -> line.contains(part)).findFirst().orElse("").replaceFirst("^,", "");
    }

    @Test
    void convertCopiesATraceToTheOtherFormatAndBack() throws IOException {
        Path trace = Path.of(trace(200));
        Path two = folder.resolve("two");
        Path one = folder.resolve("one");
        assertEquals(List.of(), lines(Run.of("trace", "convert", trace.toString(), "--to=ctf2", "--output=" + two)));
        assertEquals(List.of(), lines(Run.of("trace", "convert", two.toString(), "--to=ctf1.8", "--output=" + one)));
        for (String file : List.of("channel_0", "channel_1")) {
            assertTrue(Files.size(trace.resolve(file)) > 4096, "several packets");
            assertEquals(-1, Files.mismatch(trace.resolve(file), two.resolve(file)));
            assertEquals(-1, Files.mismatch(trace.resolve(file), one.resolve(file)));
        }
        assertEquals(-1, Files.mismatch(trace.resolve("metadata"), one.resolve("metadata")));
        assertTrue(Files.readString(two.resolve("metadata")).startsWith("\u001e{\"type\":\"preamble\",\"version\":2"));
        assertEquals(lines(Run.of("trace", "view", trace.toString())), lines(Run.of("trace", "view", two.toString())));
    }

    @Test
    void convertLeavesOutAPacketWithAProblem() throws IOException {
        Path trace = Path.of(trace(200));
        byte[] bytes = Files.readAllBytes(trace.resolve("channel_0"));
        // The number of the event in the compact header of the packet's first record.
        bytes[4096 + 88 + 3] = 0x77;
        Files.write(trace.resolve("channel_0"), bytes);
        Path copy = folder.resolve("copy");
        Run run = Run.of("trace", "convert", trace.toString(), "--to=ctf2", "--output=" + copy);
        assertEquals(4, run.exit());
        assertTrue(run.onlyError().contains("there is no event with id 119"), run.err());
        assertEquals(bytes.length - 4096, Files.size(copy.resolve("channel_0")));
        assertEquals(0, Run.of("trace", "view", copy.toString()).exit());
    }

    @Test
    void convertNeedsAFolderWithoutATrace() throws IOException {
        String trace = trace(20);
        assertTrue(Run.of("trace", "convert", trace, "--to=ctf2").onlyError().contains("needs --output"));
        Run same = Run.of("trace", "convert", trace, "--to=ctf2", "--output=" + trace);
        assertTrue(same.onlyError().contains("the folder holds a trace already"), same.err());
        Path file = Files.writeString(folder.resolve("file"), "mine");
        assertEquals(5, Run.of("trace", "convert", trace, "--to=ctf2", "--output=" + file).exit());
        Path half = Files.createDirectories(folder.resolve("half"));
        Files.writeString(half.resolve("channel_1"), "mine");
        assertEquals(5, Run.of("trace", "convert", trace, "--to=ctf2", "--output=" + half).exit());
        assertEquals("mine", Files.readString(half.resolve("channel_1")));
        assertFalse(Files.exists(half.resolve("channel_0")) || Files.exists(half.resolve("metadata")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"view", "summary", "convert", "report"})
    void reportsDamageAndShowsTheRest(String command) throws IOException {
        trace(200);
        Path channel = folder.resolve("trace/channel_0");
        byte[] bytes = Files.readAllBytes(channel);
        bytes[4096] ^= 1;
        Files.write(channel, bytes);
        List<String> words = new ArrayList<>(List.of("trace", command, trace2()));
        words.addAll(command.equals("convert") ? List.of("--to=chrome") : command.equals("report")
                ? List.of("--html=" + folder.resolve("r.html")) : List.of());
        Run run = Run.of(words.toArray(String[]::new));
        assertEquals(4, run.exit());
        assertEquals("rseq4j: " + trace2() + "/channel_0: offset 4096: no packet of this trace begins here: magic is"
                + " 0xc1fc1fc0" + System.lineSeparator(), run.err());
        assertFalse(run.out().isEmpty());
    }

    @ParameterizedTest
    @ValueSource(strings = {"view", "summary"})
    void reportsAFolderWithoutATrace(String command) {
        Run run = Run.of("trace", command, folder.toString());
        assertEquals(4, run.exit());
        assertTrue(run.onlyError().contains("metadata: offset 0: cannot be read, so this is no trace"), run.err());
    }

    @Test
    void refusesAPathThatIsNotAFolder() {
        Run run = Run.of("trace", "view", folder.resolve("none").toString());
        assertEquals(2, run.exit());
        assertTrue(run.onlyError().contains("is not a folder"), run.err());
    }

    @Test
    void refusesToRunWithoutACommand() {
        Run run = Run.of("trace");
        assertEquals(2, run.exit());
        assertEquals("rseq4j: no command given, must be one of view, summary, convert, report, sql, recover;"
                + " see rseq4j trace --help", run.onlyError());
    }

    @Test
    void refusesAnUnknownFormat() {
        Run run = Run.of("trace", "convert", folder.toString(), "--to=pdf");
        assertEquals(2, run.exit());
        assertTrue(run.onlyError().contains("chrome"), run.err());
    }

    @Test
    void refusesAnUnwritableFile() {
        Run run = Run.of("trace", "report", trace(1), "--html=" + folder.resolve("no/such/r.html"));
        assertEquals(5, run.exit());
        assertTrue(run.onlyError().contains("cannot be written"), run.err());
    }
}
