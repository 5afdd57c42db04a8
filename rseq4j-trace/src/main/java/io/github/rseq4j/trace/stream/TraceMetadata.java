package io.github.rseq4j.trace.stream;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.kernel.Architecture;
import io.github.rseq4j.trace.common.TraceTime;
import io.github.rseq4j.trace.common.TracerCounts;
import io.github.rseq4j.trace.ctf.EventType;
import io.github.rseq4j.trace.ctf.TraceDescription;
import io.github.rseq4j.trace.file.SafeFolder;
import io.github.rseq4j.trace.file.Uninterrupted;
import io.github.rseq4j.trace.layout.TraceFiles;
import io.github.rseq4j.trace.thread.ThreadList;
import io.github.rseq4j.trace.thread.TracedThreads;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The metadata of a tracer: its events, and its clock as well as it is known by now. Any thread. */
public final class TraceMetadata {
    /* How it works
     *
     * It is written whole, beside, and put in its place by renaming: a reader, or who recovers, finds one or the other.
     *
     * Threads that are new are in it some milliseconds later, so that a process that is killed leaves their names; when
     * there are always new ones it is written a million bytes a second.
     */
    /** So much the frequency must have changed to be written again: one in so many. */
    private static final long PRECISION = 10_000_000;
    private static final long SHORTEST_PAUSE_NANOS = 10_000_000;
    private static final long NANOS_PER_BYTE = 1_000;
    private static final long LOOK_PAUSE_NANOS = 100_000_000;
    /** The trace's number is in its first lines. */
    private static final int BEGINNING_BYTES = 4096;
    private static final Pattern UUID_LINE = Pattern.compile("uuid = \"([0-9a-f-]{36})\"");

    private static final Path HOST_NAME = Path.of("/proc/sys/kernel/hostname");

    private final SafeFolder folder;
    private final SafeFolder beside;
    private final UUID uuid;
    private final Map<String, Object> environment;
    private final TracedThreads threads;
    private final TracerCounts counts;
    private final List<EventType> events = new ArrayList<>();
    private @Nullable TraceDescription written;
    private long writtenNews;
    private long mayWriteAt = System.nanoTime();
    private long lookAgainAt = mayWriteAt;
    /** What the folder held before is a trace's that has ended: whoever locked the folder has seen to that. */
    private boolean isWritten;
    /** Whether the file has not all events. */
    private boolean isStale = true;
    private boolean isClosed;

    /**
     * Makes it; nothing is written yet.
     *
     * @param folder the trace's
     * @param ringFolder that of the rings
     * @param uuid the trace's
     * @param isFlightRecorder which mode the tracer has
     * @param threads the threads that record
     * @param counts counts failures
     */
    public TraceMetadata(SafeFolder folder, SafeFolder ringFolder, UUID uuid, boolean isFlightRecorder,
            TracedThreads threads, TracerCounts counts) {
        this.folder = folder;
        // A folder of the same file system, so that it can be renamed.
        this.beside = ringFolder;
        this.uuid = uuid;
        this.threads = threads;
        this.counts = counts;
        this.environment = environment();
        environment.put("mode", isFlightRecorder ? "flight recorder" : "discard");
    }

    /** Returns what is known of this process. */
    private static Map<String, Object> environment() {
        Map<String, Object> environment = new LinkedHashMap<>();
        environment.put("domain", "java");
        environment.put("tracer_name", "rseq4j");
        environment.put("tracer_version", version());
        environment.put("hostname", hostName());
        environment.put("pid", ProcessHandle.current().pid());
        environment.put("jdk", Runtime.version().toString());
        environment.put("arch", Architecture.hostName());
        environment.put("start_time", Instant.now().toString());
        return environment;
    }

    private static String hostName() {
        try {
            return Files.readString(HOST_NAME).strip();
        } catch (IOException _) {
            // Another system: the name is nothing that a trace depends on.
            return "unknown";
        }
    }

    /** Returns the library's version as the build has written it: the class path has no modules. */
    static String version() {
        try (InputStream file = TraceMetadata.class.getResourceAsStream("/io/github/rseq4j/trace/version.txt")) {
            return file == null ? "unknown" : new String(file.readAllBytes(), StandardCharsets.UTF_8).strip();
        } catch (IOException _) {
            return "unknown";
        }
    }

    /**
     * Adds events.
     *
     * @param types the events
     */
    public synchronized void add(List<EventType> types) {
        if (isClosed) {
            return;
        }
        events.addAll(types);
        isStale = true;
        boolean _ = keep();
    }

    /** Writes it, and counts a failure; returns whether it is written. */
    private boolean keep() {
        try {
            write();
            return true;
        } catch (IOException e) {
            counts.failed(e);
            return false;
        }
    }

    /** Writes it for the last time; returns whether it is written. */
    public synchronized boolean close() {
        isClosed = true;
        return keep();
    }

    /**
     * Checks that a folder has not come to be another tracer's, because somebody removed what was there.
     *
     * @param folder the folder
     * @param uuid the trace's that is meant
     * @throws IOException when there is another one's
     */
    static void requireOurs(SafeFolder folder, UUID uuid) throws IOException {
        if (folder.exists(TraceFiles.METADATA) && folder.attributes(TraceFiles.METADATA).isRegularFile()) {
            String text = beginning(folder);
            Matcher found = UUID_LINE.matcher(text);
            if (found.find() && !found.group(1).equals(uuid.toString())) {
                throw new FileAlreadyExistsException(folder.path().resolve(TraceFiles.METADATA).toString(), null,
                        "the folder holds another trace by now");
            }
        }
    }

    private static String beginning(SafeFolder folder) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(BEGINNING_BYTES);
        try (FileChannel file = folder.open(TraceFiles.METADATA, false)) {
            while (bytes.hasRemaining() && file.read(bytes) >= 0) {
                // What the file has, or so much of it.
            }
        } catch (NoSuchFileException _) {
            // Somebody has removed it.
        }
        return new String(bytes.array(), 0, bytes.position(), StandardCharsets.UTF_8);
    }

    /**
     * Writes it.
     *
     * @throws IOException when it cannot be written
     */
    public synchronized void write() throws IOException {
        writtenNews = threads.news();
        TraceDescription trace = describe();
        String text = trace.metadata();
        Uninterrupted.run(() -> {
            if (isWritten) {
                requireOurs(folder, uuid);
            }
            // A name that nobody else has planted something at.
            String name = TraceFiles.METADATA + "_" + UUID.randomUUID();
            beside.write(name, text, false);
            try {
                beside.move(name, folder, TraceFiles.METADATA);
            } catch (IOException e) {
                beside.delete(name);
                throw e;
            }
            return true;
        });
        isWritten = true;
        isStale = false;
        written = trace;
        mayWriteAt = System.nanoTime() + Math.max(text.length() * NANOS_PER_BYTE, SHORTEST_PAUSE_NANOS);
    }

    private TraceDescription describe() {
        ThreadList.Known known = threads.known();
        Map<String, Object> all = new LinkedHashMap<>(environment);
        all.putAll(known.environment());
        return new TraceDescription(uuid, TraceTime.clock(), Engine.get().copies(), all, known.threads(), events);
    }

    /** Writes it again when it has not all events, or not all threads that recorded before. */
    public synchronized void flush() {
        if (!isClosed && (isStale || threads.news() != writtenNews)) {
            boolean _ = keep();
        }
    }

    /** Returns the events by their numbers. */
    public synchronized Map<Integer, EventType> events() {
        return events.stream().collect(Collectors.toMap(EventType::id, type -> type, (first, _) -> first));
    }

    /**
     * Writes it again when an event could not be written before, something else is known of threads, or the clock is
     * known better: the longer it is watched the better its frequency is.
     */
    synchronized void refresh() {
        boolean isDue = System.nanoTime() - lookAgainAt >= 0;
        if (!isClosed && (isStale || isDue && isOld(describe()))) {
            boolean _ = keep();
        }
        lookAgainAt = isDue ? System.nanoTime() + LOOK_PAUSE_NANOS : lookAgainAt;
    }

    private boolean isOld(TraceDescription now) {
        TraceDescription last = written;
        return last == null || !now.threads().equals(last.threads()) || !now.environment().equals(last.environment())
                || Math.abs(now.clock().frequencyHz() - last.clock().frequencyHz())
                        > last.clock().frequencyHz() / PRECISION;
    }

    /** Writes it again when a thread was named since, unless that was done a moment ago. */
    synchronized void refreshThreads() {
        if (!isClosed && threads.news() != writtenNews && System.nanoTime() - mayWriteAt >= 0) {
            try {
                write();
            } catch (IOException _) {
                // It is tried again when it is due, and counted then.
                mayWriteAt = System.nanoTime() + Drainer.FAILURE_PAUSE_NANOS;
            }
        }
    }

    /**
     * Writes it to another folder.
     *
     * @param snapshot the folder, which has none
     * @throws IOException when it cannot be written
     */
    public synchronized void writeTo(SafeFolder snapshot) throws IOException {
        String text = describe().metadata();
        Uninterrupted.run(() -> {
            snapshot.write(TraceFiles.METADATA, text, false);
            return true;
        });
    }
}
