package io.github.rseq4j.trace.logging;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.rseq4j.trace.Level;
import io.github.rseq4j.trace.Tracer;
import io.github.rseq4j.trace.TracerOptions;
import io.github.rseq4j.trace.ctf.TraceEvent;
import io.github.rseq4j.trace.ctf.TraceReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;

/**
 * A tracer of a test, and its trace of logged messages.
 *
 * @param tracer the tracer
 * @param folder its folder
 */
record LoggedTrace(Tracer tracer, Path folder) implements AutoCloseable {
    static final TracerOptions LARGE = TracerOptions.defaults().withSubBuffers(1 << 20, 16);

    /** Starts a tracer with rings that hold all events of a test. */
    static LoggedTrace start(Path folder) throws IOException {
        return new LoggedTrace(Tracer.streaming(folder, LARGE), folder);
    }

    /** Returns the events that were recorded before. */
    List<TraceEvent> recorded() throws IOException {
        tracer.flush();
        return events(folder);
    }

    /** Returns the events that were recorded before, with their fields. */
    List<String> texts() throws IOException {
        tracer.flush();
        return texts(folder);
    }

    /** Returns the messages of the events that were recorded before. */
    List<String> messages() throws IOException {
        return recorded().stream().map(event -> String.valueOf(event.values().get(3))).toList();
    }

    @Override
    public void close() {
        tracer.close();
    }

    /** Returns the events of a complete trace. */
    static List<TraceEvent> events(Path folder) {
        try (TraceReader reader = new TraceReader(folder)) {
            List<TraceEvent> events = reader.events().toList();
            assertEquals(List.of(), reader.problems());
            assertEquals(0, reader.counts().stream().mapToLong(TraceReader.StreamCounts::discarded).sum());
            return events;
        }
    }

    /** Returns the events of a trace with their fields. */
    static List<String> texts(Path folder) {
        return events(folder).stream().map(event -> event.name() + event.values()).toList();
    }

    /** Returns the names of the declared events, without the provider's name, and their levels. */
    static List<String> levels(Path folder) {
        try (TraceReader reader = new TraceReader(folder)) {
            return Objects.requireNonNull(reader.description()).events().stream()
                    .map(type -> type.name().substring(type.name().indexOf(':') + 1) + " "
                            + Level.values()[type.level()]).sorted().toList();
        }
    }
}
