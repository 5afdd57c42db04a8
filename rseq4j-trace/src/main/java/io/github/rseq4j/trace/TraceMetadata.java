package io.github.rseq4j.trace;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.trace.ctf.EventType;
import io.github.rseq4j.trace.ctf.MetadataText;
import io.github.rseq4j.trace.ctf.TraceDescription;
import io.github.rseq4j.trace.ctf.TraceWriter;
import java.io.IOException;
import java.lang.module.ModuleDescriptor;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** The metadata of a tracer: its events, and its clock as well as it is known by now. Any thread. */
final class TraceMetadata {
    /* How it works
     *
     * It is written whole, beside, and put in its place by renaming: a reader, or who recovers, finds one or the other.
     */
    /** So much the frequency must have changed to be written again: one in so many. */
    private static final long PRECISION = 10_000_000;

    private final SafeFolder folder;
    private final SafeFolder beside;
    private final UUID uuid;
    private final Map<String, Object> environment;
    private final TracerCounts counts;
    private final List<EventType> events = new ArrayList<>();
    private long frequencyHz;
    /** Whether the file has not all events. */
    private boolean isStale = true;

    /**
     * Makes it; nothing is written yet.
     *
     * @param folder the trace's
     * @param ringFolder that of the rings
     * @param uuid the trace's
     * @param isFlightRecorder which mode the tracer has
     * @param counts counts failures
     */
    TraceMetadata(SafeFolder folder, SafeFolder ringFolder, UUID uuid, boolean isFlightRecorder, TracerCounts counts) {
        this.folder = folder;
        // A folder of the same file system, so that it can be renamed.
        this.beside = ringFolder;
        this.uuid = uuid;
        this.counts = counts;
        this.environment = TraceDescription.environment(version(), Instant.now());
        environment.put("mode", isFlightRecorder ? "flight recorder" : "discard");
    }

    private static String version() {
        ModuleDescriptor module = Tracer.class.getModule().getDescriptor();
        return module == null ? "unknown" : module.rawVersion().orElse("unknown");
    }

    /**
     * Adds events.
     *
     * @param types the events
     */
    synchronized void add(List<EventType> types) {
        events.addAll(types);
        isStale = true;
        keep();
    }

    /** Writes it, and counts a failure. */
    synchronized void keep() {
        try {
            write();
        } catch (IOException e) {
            counts.failed(e);
        }
    }

    /**
     * Writes it.
     *
     * @throws IOException when it cannot be written
     */
    synchronized void write() throws IOException {
        TraceDescription trace = describe();
        Uninterrupted.run(() -> {
            // A name that nobody else has planted something at.
            String name = TraceWriter.METADATA + "_" + UUID.randomUUID();
            beside.write(name, MetadataText.of(trace), false);
            try {
                beside.move(name, folder, TraceWriter.METADATA);
            } catch (IOException e) {
                beside.delete(name);
                throw e;
            }
            return true;
        });
        isStale = false;
        frequencyHz = trace.clock().frequencyHz();
    }

    private TraceDescription describe() {
        return new TraceDescription(uuid, TraceTime.clock(), Engine.get().copies(), environment, events);
    }

    /**
     * Writes it again when an event could not be written before, or the clock is known better: the longer it is watched
     * the better its frequency is.
     */
    synchronized void refresh() {
        if (isStale || Math.abs(TraceTime.clock().frequencyHz() - frequencyHz) > frequencyHz / PRECISION) {
            keep();
        }
    }

    /**
     * Writes it to another folder.
     *
     * @param snapshot the folder, which has none
     * @throws IOException when it cannot be written
     */
    synchronized void writeTo(SafeFolder snapshot) throws IOException {
        String text = MetadataText.of(describe());
        Uninterrupted.run(() -> {
            snapshot.write(TraceWriter.METADATA, text, false);
            return true;
        });
    }
}
