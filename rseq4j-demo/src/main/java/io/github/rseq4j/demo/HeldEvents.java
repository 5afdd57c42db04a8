package io.github.rseq4j.demo;

import io.github.rseq4j.analysis.Trace;
import io.github.rseq4j.demo.service.Sample;
import io.github.rseq4j.trace.ctf.TraceEvent;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;

/**
 * The events of a turn that a recorder still has at its end. A span counts once.
 *
 * @param events the number of spans and events
 * @param requests the number of spans of requests
 * @param isWhole whether the recorder still has all events of the turn; a flight recorder overwrites old ones
 */
record HeldEvents(long events, long requests, boolean isWhole) {
    private static final String REQUEST = "service:request";
    private static final String JFR_REQUEST = "service.request";
    private static final String BEGIN = "_begin";

    private static long epochNanos(Instant time) {
        return time.getEpochSecond() * 1_000_000_000 + time.getNano();
    }

    private static boolean isIn(long id, Sample before, Sample after) {
        return id > before.requests() && id <= after.requests();
    }

    /** Counts the events of a snapshot of rseq4j's flight recorder. */
    static HeldEvents ofTrace(Path folder, Sample before, Sample after) throws IOException {
        long events = 0;
        long requests = 0;
        Map<Integer, Long> firsts = new HashMap<>();
        try (Trace trace = Trace.open(folder)) {
            for (TraceEvent event = trace.next(); event != null; event = trace.next()) {
                long time = epochNanos(trace.clock().instant(event.timestamp()));
                firsts.putIfAbsent(event.cpu(), time);
                boolean isBegin = event.name().endsWith(BEGIN);
                if (!isBegin && time >= before.epochNanos() && time <= after.epochNanos()) {
                    events++;
                }
                if (isBegin && event.name().equals(REQUEST + BEGIN)
                        && isIn((Long) Objects.requireNonNull(event.value("id")), before, after)) {
                    requests++;
                }
            }
            if (trace.problemCount() > 0) {
                throw new IOException("the snapshot of the flight recorder is damaged: " + trace.problems().getFirst());
            }
        }
        boolean isWhole = firsts.values().stream().allMatch(first -> first <= before.epochNanos());
        return new HeldEvents(events, requests, isWhole);
    }

    /** Counts the events of a recording of JFR. */
    static HeldEvents ofRecording(Path file, Sample before, Sample after) throws IOException {
        long events = 0;
        long requests = 0;
        try (RecordingFile recording = new RecordingFile(file)) {
            while (recording.hasMoreEvents()) {
                RecordedEvent event = recording.readEvent();
                if (!event.getEventType().getName().startsWith("service.")) {
                    continue;
                }
                long time = epochNanos(event.getEndTime());
                if (time >= before.epochNanos() && time <= after.epochNanos()) {
                    events++;
                }
                if (event.getEventType().getName().equals(JFR_REQUEST) && isIn(event.getLong("id"), before, after)) {
                    requests++;
                }
            }
        }
        return new HeldEvents(events, requests, true);
    }
}
