package io.github.rseq4j.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.rseq4j.trace.ctf.Problem;
import io.github.rseq4j.trace.ctf.TraceEvent;
import io.github.rseq4j.trace.ctf.TraceReader;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A stream's file that was emptied or removed is a problem, wherever the other packets show it. */
class EmptiedStreamTest {
    private static final int EVENTS = 4000;
    private static final String EMPTY = "the file is empty: its packets are missing";

    @TempDir
    private Path folder = Path.of("");

    /** The events. */
    @Provider("numbers")
    interface Numbers {
        void number(@Field("n") long n);
    }

    private Path trace() {
        return folder.resolve("trace");
    }

    private Tracer tracer(TracerOptions options) throws IOException {
        return Tracer.streaming(trace(), options.withSubBuffers(1 << 12, 64));
    }

    private static void record(Tracer tracer, int from) throws IOException {
        Numbers numbers = tracer.probes(MethodHandles.lookup(), Numbers.class);
        for (int i = from; i < from + EVENTS; i++) {
            numbers.number(i);
        }
        tracer.flush();
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> all = Files.list(trace())) {
            return all.filter(each -> each.getFileName().toString().startsWith("channel_")).sorted().toList();
        }
    }

    private static void empty(Path file) throws IOException {
        FileChannel.open(file, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING).close();
    }

    private static Set<Long> rest(TraceReader reader) {
        return reader.events().map(event -> (Long) event.value("n")).collect(Collectors.toCollection(TreeSet::new));
    }

    private static List<String> problems(TraceReader reader) {
        return reader.problems().stream().map(Problem::what).toList();
    }

    /** Returns the problems of the trace, which are the same for a reader that copies it. */
    private List<String> problems() {
        try (TraceReader reader = new TraceReader(trace())) {
            rest(reader);
            return problems(reader);
        }
    }

    @Test
    void theFileOfAClosedTrace() throws IOException {
        try (Tracer tracer = tracer(TracerOptions.defaults())) {
            record(tracer, 0);
        }
        assertEquals(List.of(), problems());
        for (Path file : files()) {
            empty(file);
        }
        assertEquals(files().stream().map(_ -> EMPTY).toList(), problems());
    }

    @Test
    void aFileInTheMiddleOfAStream() throws IOException {
        try (Tracer tracer = tracer(TracerOptions.defaults().withFiles(1 << 14, 1000))) {
            record(tracer, 0);
        }
        assertEquals(List.of(), problems());
        String stream = files().stream().map(Path::toString).filter(name -> name.endsWith("_2")).findFirst()
                .orElseThrow().replaceFirst("_2$", "_");
        Path middle = Path.of(stream + 1);
        byte[] content = Files.readAllBytes(middle);
        empty(middle);
        assertEquals(List.of(EMPTY), problems());
        Files.delete(middle);
        assertEquals(1, problems().size(), problems()::toString);
        assertTrue(problems().getFirst().matches("packets \\d+ to \\d+ are missing before the first packet of this"
                + " file"), problems()::toString);
        Files.write(middle, content);
        assertEquals(List.of(), problems());
        empty(Path.of(stream + 0));
        assertEquals(List.of(EMPTY), problems());
    }

    @Test
    void aFileToWhichTheTracerHasWrittenSince() throws IOException {
        List<Path> emptied;
        try (Tracer tracer = tracer(TracerOptions.defaults())) {
            record(tracer, 0);
            emptied = files();
            for (Path file : emptied) {
                empty(file);
            }
            // The thread may have migrated to a CPU without events.
            for (int n = EVENTS; emptied.stream().allMatch(file -> file.toFile().length() == 0); n += EVENTS) {
                record(tracer, n);
            }
        }
        List<String> problems = problems();
        assertEquals(emptied.size(), problems.size(), problems::toString);
        assertTrue(problems.stream().allMatch(each -> each.equals(EMPTY) || each.startsWith("packets 0 to ")),
                problems::toString);
        assertTrue(problems.stream().anyMatch(each -> each.startsWith("packets 0 to ")), problems::toString);
        try (TraceReader reader = new TraceReader(trace())) {
            rest(reader);
            assertTrue(reader.counts().stream().mapToLong(TraceReader.StreamCounts::lostPackets).sum() > 0);
        }
    }

    @Test
    void aFileThatIsBeingRead() throws IOException {
        List<Long> found = new ArrayList<>();
        try (Tracer tracer = tracer(TracerOptions.defaults()); TraceReader reader = readerOf(tracer)) {
            for (TraceEvent event = reader.next(); event != null; event = reader.next()) {
                found.add((Long) event.value("n"));
            }
            assertEquals(EVENTS, found.size());
            assertEquals(List.of(), problems(reader));
            for (Path file : files()) {
                empty(file);
            }
            reader.refresh();
            assertEquals(Set.of(), rest(reader));
            record(tracer, EVENTS);
            reader.refresh();
            found.addAll(rest(reader));
            assertTrue(problems(reader).stream().anyMatch(each -> each.matches("the file was cut after its first \\d+"
                    + " bytes had been read")), reader.problems()::toString);
        }
        assertEquals(2 * EVENTS, new TreeSet<>(found).size(), "each event was read");
        assertEquals(2 * EVENTS, found.size(), "and only once");
    }

    private TraceReader readerOf(Tracer tracer) throws IOException {
        record(tracer, 0);
        return TraceReader.live(trace());
    }
}
