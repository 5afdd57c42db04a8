package io.github.rseq4j.trace.ctf;

import io.github.rseq4j.trace.file.RegularFile;
import io.github.rseq4j.trace.layout.PacketLayout;
import io.github.rseq4j.trace.layout.TraceFiles;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.AbstractList;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;

/**
 * Reads the events of a trace in the order of time, in CTF 1.8 or CTF 2 ({@link #format}).
 *
 * {@snippet lang = java:
 * try (TraceReader reader = new TraceReader(folder)) {
 *     List<String> missed = reader.events().filter(event -> event.name().equals("requests:cacheMiss"))
 *             .map(event -> String.valueOf(event.value("key"))).toList();
 *     assertEquals(List.of("user:42"), missed);
 *     assertEquals(List.of(), reader.problems());
 * }
 * }
 *
 * <p>The trace of a closed tracer is complete. {@link #live} reads the folder of a streaming tracer that still records;
 * after {@link io.github.rseq4j.trace.Tracer#flush} it has all events before that call.
 *
 * <p><b>Failures.</b> No method throws because of the content of the folder. The reader returns all events that it can
 * read, and collects defects in {@link #problems}, also if the folder holds no trace. It opens only regular files, and
 * follows no link in the folder.
 *
 * <p><b>Memory.</b> The reader keeps a window of up to 64 KiB of the file of each stream, one event, and the content of
 * the metadata, which is limited to a part of the heap.
 *
 * <p><b>Threads.</b> One thread at a time may use a reader.
 *
 * @since 0.1.0
 */
public final class TraceReader implements AutoCloseable {
    /* How it works
     *
     * A queue has the time of the next record of each stream. The reader reads the earliest record, and puts the time
     * of the next record of that stream into the queue. Each stream is in the order of time; if one is not, that is a
     * problem, and its event appears when it is read.
     *
     * A stream is the file channel_INDEX, or the files channel_INDEX_NUMBER in the order of their numbers.
     */
    /** The longest metadata that is read, in bytes. */
    public static final long MAX_METADATA_BYTES = 1 << 26;
    /** The most streams: one for each CPU that Linux supports, and one for threads without a CPU. */
    static final int MAX_STREAMS = (1 << 13) + 1;

    /** The part of the heap that metadata may take is 1 in 4; the parsed metadata takes about as much again. */
    private static final int HEAP_SHARE = 4;
    private static final int ALL_WINDOWS_BYTES = 1 << 24;
    private static final int LEAST_WINDOW_BYTES = 1 << 12;

    private static final Pattern CHANNEL =
            Pattern.compile(TraceFiles.CHANNEL + "(0|[1-9]\\d{0,6})(?:_(0|[1-9]\\d{0,17}))?");

    private final Problems problems = new Problems();
    private final List<StreamReader> streams = new ArrayList<>();
    private final PriorityQueue<Head> heads = new PriorityQueue<>();
    /** The streams of a trace that is being written, at their ends. */
    private final List<StreamReader> waiting = new ArrayList<>();
    private final Path folder;
    private final boolean isLive;
    private final Consumer<? super TracePacket> packets;
    /** The numbers of the files of each stream; -1 stands for the file without a number. */
    private final Map<Integer, List<Long>> channels = new TreeMap<>();
    private final Map<Integer, EventType> events = new HashMap<>();
    private int windowBytes;
    private List<Object> described;
    private @Nullable TraceDescription description;
    private TraceFormat format = TraceFormat.CTF_1_8;

    /** The time of the next record of a stream. */
    private record Head(long timestamp, StreamReader stream) implements Comparable<Head> {
        @Override
        public int compareTo(Head other) {
            int order = Long.compareUnsigned(timestamp, other.timestamp);
            return order != 0 ? order : Integer.compare(stream.index(), other.stream.index());
        }
    }

    /**
     * The counts of a stream, for the packets that were read so far.
     *
     * @param index the index of the stream: the CPU index; for a provider with rings of its own, that plus a multiple
     *     of 65,536
     * @param packets the number of packets
     * @param lostPackets the number of missing packets: the tracer dropped them, or they are damaged
     * @param discarded the number of events that a full ring refused, so that no packet has them
     * @since 0.1.0
     */
    public record StreamCounts(int index, long packets, long lostPackets, long discarded) {
        /** {@return the CPU index} */
        public int cpu() {
            return PacketLayout.cpu(index);
        }

        /** {@return the set of the stream's rings, as {@link TracePacket#ringSet}} */
        public int ringSet() {
            return PacketLayout.set(index);
        }
    }

    /**
     * Opens a trace that no tracer is writing. Never throws because of the folder's content. If the folder holds no
     * trace, the reader has no events, and {@link #problems} has the reason.
     *
     * @param folder the folder of the trace
     */
    public TraceReader(Path folder) {
        this(folder, false, _ -> {}, null);
    }

    /**
     * Opens a trace that a tracer is writing, like the constructor. An incomplete packet at the end of a file is not a
     * problem then. After the last event, {@link #refresh} looks for events that were written since.
     *
     * @param folder the folder of the trace
     * @return the reader
     */
    public static TraceReader live(Path folder) {
        return new TraceReader(folder, true, _ -> {}, null);
    }

    /**
     * Opens a trace, and reports its packets. A packet is reported before its first event is returned, and at most one
     * event of the same stream earlier. The first packets are reported during this call.
     *
     * @param folder the folder of the trace
     * @param isLive whether a tracer is writing the trace, as in {@link #live}
     * @param packets receives each packet, on the thread that reads
     * @return the reader
     */
    public static TraceReader of(Path folder, boolean isLive, Consumer<? super TracePacket> packets) {
        return new TraceReader(folder, isLive, packets, null);
    }

    /**
     * Opens a trace.
     *
     * @param folder the folder of the trace
     * @param isLive whether a tracer is writing it
     * @param packets receives each packet
     * @param sink takes the packets without a problem, or null
     */
    TraceReader(Path folder, boolean isLive, Consumer<? super TracePacket> packets,
            StreamReader.@Nullable PacketSink sink) {
        this.folder = folder;
        this.isLive = isLive;
        this.packets = packets;
        described = version();
        TraceDescription found = describe(folder.resolve(TraceFiles.METADATA), problems);
        description = found;
        if (found != null) {
            events.putAll(found.eventsById());
            Map<Integer, List<Long>> there = channels(problems);
            long allBytes = Math.min(ALL_WINDOWS_BYTES, Runtime.getRuntime().maxMemory() / (2 * HEAP_SHARE));
            windowBytes = Math.clamp(allBytes / Math.max(there.size(), 1), LEAST_WINDOW_BYTES,
                    StreamFile.MAX_KEPT_BYTES);
            open(there, found, sink);
        }
    }

    /** Opens the streams that are new, and notes the files that are new. */
    private void open(Map<Integer, List<Long>> there, TraceDescription trace, StreamReader.@Nullable PacketSink sink) {
        List<StreamReader> made = new ArrayList<>();
        there.forEach((index, numbers) -> {
            List<Long> known = channels.get(index);
            if (known == null) {
                channels.put(index, numbers);
                made.add(new StreamReader(index, files(folder, index, numbers), PacketLayout.mark(trace.uuid()), events,
                        problems, windowBytes, isLive, packets));
            } else {
                // The oldest files may have been deleted; those that are read are known.
                numbers.stream().filter(number -> number > known.getLast()).forEach(known::add);
            }
        });
        if ("discard".equals(trace.environment().get("mode"))) {
            made.forEach(StreamReader::expectZero);
        }
        if (sink != null) {
            made.forEach(stream -> stream.passTo(sink));
        }
        streams.addAll(made);
        made.forEach(this::advance);
    }

    /**
     * Looks for what was written to the folder of a {@link #live} trace since the last call: events, streams, threads
     * and event types. {@link #description} may return another object afterwards. A trace of another tracer in the same
     * folder is not read.
     */
    public void refresh() {
        List<Object> now = version();
        TraceDescription last = description;
        if (!isLive || last == null) {
            return;
        }
        if (!now.equals(described)) {
            described = now;
            TraceDescription newer = describe(folder.resolve(TraceFiles.METADATA), new Problems());
            if (newer != null && newer.uuid().equals(last.uuid())) {
                description = newer;
                events.putAll(newer.eventsById());
            }
        }
        // The names before the sizes: a file is complete when the next one exists.
        Map<Integer, List<Long>> there = channels(new Problems());
        streams.forEach(StreamReader::refresh);
        open(there, last, null);
        List<StreamReader> again = List.copyOf(waiting);
        waiting.clear();
        again.forEach(this::advance);
    }

    /** Returns what differs if the metadata was written again, or if more was appended in the same instant. */
    private List<Object> version() {
        try {
            BasicFileAttributes now = Files.readAttributes(folder.resolve(TraceFiles.METADATA),
                    BasicFileAttributes.class);
            return List.of(now.lastModifiedTime(), now.size(), String.valueOf(now.fileKey()));
        } catch (IOException _) {
            return List.of();
        }
    }

    private @Nullable TraceDescription describe(Path file, Problems to) {
        long limit = Math.min(MAX_METADATA_BYTES, Runtime.getRuntime().maxMemory() / HEAP_SHARE);
        try (FileChannel channel = RegularFile.open(file)) {
            long bytes = channel.size();
            if (bytes > limit) {
                to.add(TraceFiles.METADATA, limit, "longer than metadata may be: " + bytes + " bytes"
                        + (limit < MAX_METADATA_BYTES ? "; a larger heap (-Xmx) lets it be longer" : ""));
                return null;
            }
            ByteBuffer read = ByteBuffer.allocate((int) bytes);
            int last = 0;
            while (read.hasRemaining() && last >= 0) {
                last = channel.read(read);
            }
            String text = new String(read.array(), 0, read.position(), StandardCharsets.ISO_8859_1);
            format = MetadataParser.formatOf(text);
            return MetadataParser.parse(isLive ? MetadataParser.complete(text) : text, TraceFiles.METADATA, to);
        } catch (IOException e) {
            to.add(TraceFiles.METADATA, 0, "cannot be read, so this is no trace: " + RegularFile.why(e));
            return null;
        }
    }

    /** Returns the numbers of the files of each stream; -1 stands for the file without a number. */
    private Map<Integer, List<Long>> channels(Problems to) {
        Map<Integer, List<Long>> found = new TreeMap<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, TraceFiles.CHANNEL + "*")) {
            for (Path file : files) {
                String name = String.valueOf(file.getFileName());
                Matcher matcher = CHANNEL.matcher(name);
                if (!matcher.matches() || !PacketLayout.isStream(Integer.parseInt(matcher.group(1)))) {
                    to.add(name, 0, "is no stream of a CPU index, and is left out");
                } else if (found.size() < MAX_STREAMS
                        || found.containsKey(Integer.valueOf(matcher.group(1)))) {
                    found.computeIfAbsent(Integer.valueOf(matcher.group(1)), _ -> new ArrayList<>())
                            .add(matcher.group(2) == null ? -1 : Long.parseLong(matcher.group(2)));
                } else {
                    to.add(name, 0, "is left out: more than " + MAX_STREAMS + " streams");
                }
            }
        } catch (IOException | DirectoryIteratorException e) {
            to.add(String.valueOf(folder.getFileName()), 0, "cannot be listed: " + RegularFile.why(e));
        }
        found.values().forEach(Collections::sort);
        return found;
    }

    private static List<Path> files(Path folder, int index, List<Long> numbers) {
        String name = TraceFiles.CHANNEL + index;
        return new AbstractList<>() {
            @Override
            public Path get(int at) {
                return folder.resolve(numbers.get(at) < 0 ? name : name + "_" + numbers.get(at));
            }

            @Override
            public int size() {
                return numbers.size();
            }
        };
    }

    private void advance(StreamReader stream) {
        if (stream.find()) {
            heads.add(new Head(stream.timestamp(), stream));
        } else if (isLive) {
            waiting.add(stream);
        }
    }

    /** {@return the content of the metadata, or null if it cannot be read; there are no events then} */
    public @Nullable TraceDescription description() {
        return description;
    }

    /** {@return the format of the metadata; CTF 1.8 if there is no metadata} */
    public TraceFormat format() {
        return format;
    }

    /** {@return the time of the next event in cycles, unsigned, or null if there is none yet} */
    public @Nullable Long nextTimestamp() {
        Head head = heads.peek();
        return head == null ? null : head.timestamp();
    }

    /**
     * Reads the names of the traced JVM's code.
     *
     * @return the names; there are none if no sampler of CPU time ran, or the JVM could not list its code
     */
    public CodeNames codeNames() {
        return CodeNames.read(folder);
    }

    /** {@return the next event in the order of time, or null at the end} */
    public @Nullable TraceEvent next() {
        TraceEvent event = null;
        for (Head head = heads.poll(); head != null; head = event == null ? heads.poll() : null) {
            event = head.stream().read();
            advance(head.stream());
        }
        return event;
    }

    /**
     * Returns the events that {@link #next} has not returned yet.
     *
     * @return a sequential stream, which reads each event when it is needed; closing the reader ends it
     */
    public Stream<TraceEvent> events() {
        return StreamSupport.stream(new Spliterators.AbstractSpliterator<>(Long.MAX_VALUE,
                Spliterator.ORDERED | Spliterator.NONNULL | Spliterator.IMMUTABLE) {
            @Override
            public boolean tryAdvance(Consumer<? super TraceEvent> action) {
                TraceEvent event = next();
                if (event != null) {
                    action.accept(event);
                }
                return event != null;
            }
        }, false);
    }

    /** {@return the first problems that were found so far, up to 100} {@link #problemCount} counts all of them. */
    public List<Problem> problems() {
        return problems.kept();
    }

    /** {@return the number of problems that were found so far} */
    public long problemCount() {
        return problems.count();
    }

    /** {@return the counts of each stream, for the packets that were read so far} */
    public List<StreamCounts> counts() {
        return streams.stream().map(s -> new StreamCounts(s.index(), s.counts().packets(), s.counts().lost(),
                s.counts().discarded())).toList();
    }

    /** Closes the files. {@link #next} returns null afterwards. Closing again has no effect. */
    @Override
    public void close() {
        heads.clear();
        waiting.clear();
        streams.forEach(StreamReader::close);
    }
}
