package io.github.rseq4j.trace.stream;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.kernel.Architecture;
import io.github.rseq4j.trace.common.TraceTime;
import io.github.rseq4j.trace.common.TracerCounts;
import io.github.rseq4j.trace.ctf.EventType;
import io.github.rseq4j.trace.ctf.TraceDescription;
import io.github.rseq4j.trace.ctf.TraceFormat;
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
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The metadata of a tracer: its events, its threads, and the best measurement of its clock. Any thread may use it. */
public final class TraceMetadata {
    /* How it works
     *
     * The file is written completely in the folder of the rings, and then renamed. So a reader or a recovery finds
     * either the former metadata or the new one. Declarations of events are appended, so that each takes the same time
     * however many there are. A live reader leaves out a declaration that is not complete yet.
     *
     * A new thread is in the metadata some milliseconds after its first event, so a process that is killed leaves its
     * name. If there are new threads all the time, a million bytes are written each second.
     */
    /** The metadata is written again if the frequency has changed by more than 1 in this number. */
    private static final long PRECISION = 10_000_000;
    private static final long SHORTEST_PAUSE_NANOS = 10_000_000;
    private static final long NANOS_PER_BYTE = 1_000;
    private static final long LOOK_PAUSE_NANOS = 100_000_000;
    /** The UUID is in this many bytes from the beginning: in CTF 2 it is also the trace's uid, before all texts. */
    private static final int BEGINNING_BYTES = 4096;
    private static final Pattern UUID_LINE = Pattern.compile("(?:uuid = |\"uid\":)\"([0-9a-f-]{36})\"");

    private static final Path HOST_NAME = Path.of("/proc/sys/kernel/hostname");

    private final SafeFolder folder;
    private final SafeFolder beside;
    private final UUID uuid;
    private final TraceFormat format;
    private final Map<String, Object> environment;
    private final TracedThreads threads;
    private final TracerCounts counts;
    private final List<EventType> events = new ArrayList<>();
    private Supplier<Map<String, Object>> more = Map::of;
    private @Nullable TraceDescription written;
    private long writtenNews;
    private long writtenBytes;
    private long mayWriteAt = System.nanoTime();
    private long lookAgainAt = mayWriteAt;
    /**
     * Whether this tracer has written the metadata. Metadata that the folder held before belongs to a trace that has
     * ended: the tracer that locked the folder has checked that.
     */
    private boolean isWritten;
    /** Whether an event is missing in the file. */
    private boolean isStale = true;
    private boolean isClosed;

    /**
     * Makes the metadata; no file is written yet.
     *
     * @param folder the trace's folder
     * @param ringFolder the folder of the rings
     * @param uuid the trace's UUID
     * @param format the format of the trace
     * @param isFlightRecorder whether the tracer is a flight recorder; otherwise it streams
     * @param threads the threads that record
     * @param counts counts failures
     */
    public TraceMetadata(SafeFolder folder, SafeFolder ringFolder, UUID uuid, TraceFormat format,
            boolean isFlightRecorder, TracedThreads threads, TracerCounts counts) {
        this.folder = folder;
        // On the same file system as the folder, so that a file can be renamed into the folder.
        this.beside = ringFolder;
        this.uuid = uuid;
        this.format = format;
        this.threads = threads;
        this.counts = counts;
        this.environment = environment();
        environment.put("mode", isFlightRecorder ? "flight recorder" : "discard");
    }

    /** Returns the entries that describe this process. */
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
            // Another system than Linux. The trace does not depend on the name.
            return "unknown";
        }
    }

    /** Returns the library's version from a file of the build, because a class path has no module versions. */
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
        boolean mayAppend = !isStale;
        // A failure of any kind leaves the file to be written anew.
        isStale = true;
        events.addAll(types);
        if (mayAppend && append(types)) {
            isStale = false;
        } else {
            boolean _ = keep();
        }
    }

    /** Appends declarations to the file; returns whether the file now has them. */
    private boolean append(List<EventType> types) {
        byte[] text = types.stream().map(type -> type.metadata(format)).collect(Collectors.joining())
                .getBytes(StandardCharsets.UTF_8);
        try {
            boolean isAppended = Uninterrupted.run(() -> uuid.toString().equals(uuidIn(folder))
                    && folder.append(TraceFiles.METADATA, text, writtenBytes));
            writtenBytes += isAppended ? text.length : 0;
            return isAppended;
        } catch (IOException _) {
            // The whole file is written instead, and a failure of that is counted.
            return false;
        }
    }

    /** Adds entries to the environment. The supplier must take no lock. */
    public synchronized void describe(Supplier<Map<String, Object>> entries) {
        more = entries;
    }

    /** Writes the file, and counts a failure; returns whether it was written. */
    private boolean keep() {
        try {
            write();
            return true;
        } catch (IOException e) {
            counts.failed(e);
            return false;
        }
    }

    /** Writes the file for the last time; returns whether it was written. */
    public synchronized boolean close() {
        isClosed = true;
        return keep();
    }

    /**
     * Checks that a folder does not hold the metadata of another trace. It can, if the files of this trace were removed
     * and another tracer was started.
     *
     * @param folder the folder
     * @param uuid the UUID of this trace
     * @throws IOException when the folder holds another trace
     */
    static void requireOurs(SafeFolder folder, UUID uuid) throws IOException {
        String found = uuidIn(folder);
        if (found != null && !found.equals(uuid.toString())) {
            throw new FileAlreadyExistsException(folder.path().resolve(TraceFiles.METADATA).toString(), null,
                    "the folder now holds another trace");
        }
    }

    /** Returns the UUID in a folder's metadata, or null if there is none. */
    private static @Nullable String uuidIn(SafeFolder folder) throws IOException {
        if (!folder.exists(TraceFiles.METADATA) || !folder.attributes(TraceFiles.METADATA).isRegularFile()) {
            return null;
        }
        Matcher found = UUID_LINE.matcher(beginning(folder));
        return found.find() ? found.group(1) : null;
    }

    private static String beginning(SafeFolder folder) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(BEGINNING_BYTES);
        try (FileChannel file = folder.open(TraceFiles.METADATA, false)) {
            while (bytes.hasRemaining() && file.read(bytes) >= 0) {
                // Reads until the buffer is full or the file ends.
            }
        } catch (NoSuchFileException _) {
            // The file was removed meanwhile.
        }
        return new String(bytes.array(), 0, bytes.position(), StandardCharsets.UTF_8);
    }

    /**
     * Writes the file.
     *
     * @throws IOException when the file cannot be written
     */
    public synchronized void write() throws IOException {
        writtenNews = threads.news();
        TraceDescription trace = describe();
        byte[] text = trace.metadata(format).getBytes(StandardCharsets.UTF_8);
        Uninterrupted.run(() -> {
            if (isWritten) {
                requireOurs(folder, uuid);
            }
            // A random name, at which no other process can have put a file before.
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
        writtenBytes = text.length;
        written = trace;
        mayWriteAt = System.nanoTime() + Math.max(text.length * NANOS_PER_BYTE, SHORTEST_PAUSE_NANOS);
    }

    private TraceDescription describe() {
        ThreadList.Known known = threads.known();
        Map<String, Object> all = new LinkedHashMap<>(environment);
        all.put("clock_offset_error_ns", TraceTime.offsetErrorNanos());
        all.putAll(known.environment());
        all.putAll(more.get());
        return new TraceDescription(uuid, TraceTime.clock(), Engine.get().copies(), all, known.threads(), events);
    }

    /** Writes the file again if an event is missing in it, or a thread that has recorded an event. */
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
     * Writes the file again if an event is missing in it, the threads have changed, or the measured frequency of the
     * clock has changed: a longer measurement is more exact.
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

    /** Writes the file again if it lacks a named thread, unless it was written a moment ago. */
    synchronized void refreshThreads() {
        if (!isClosed && threads.news() != writtenNews && System.nanoTime() - mayWriteAt >= 0) {
            try {
                write();
            } catch (IOException _) {
                // A later call tries again; refresh() counts a failure.
                mayWriteAt = System.nanoTime() + Drainer.FAILURE_PAUSE_NANOS;
            }
        }
    }

    /**
     * Writes the metadata to the folder of a snapshot.
     *
     * @param snapshot the folder, which has no metadata
     * @throws IOException when the file cannot be written
     */
    public synchronized void writeTo(SafeFolder snapshot) throws IOException {
        String text = describe().metadata(format);
        Uninterrupted.run(() -> {
            snapshot.write(TraceFiles.METADATA, text, false);
            return true;
        });
    }
}
