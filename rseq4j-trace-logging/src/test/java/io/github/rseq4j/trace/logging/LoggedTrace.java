package io.github.rseq4j.trace.logging;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.rseq4j.trace.Level;
import io.github.rseq4j.trace.ctf.TraceEvent;
import io.github.rseq4j.trace.ctf.TraceReader;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;

/** Reads a trace of logged messages. */
final class LoggedTrace {
    private LoggedTrace() {}

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
