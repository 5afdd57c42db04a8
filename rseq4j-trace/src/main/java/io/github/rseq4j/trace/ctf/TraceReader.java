package io.github.rseq4j.trace.ctf;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.AbstractList;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Reads a trace: all that is readable, in the order of time, and what is wrong as a list. Nothing that a folder holds
 * makes it throw, and only its regular files are read. What it holds in memory is a small window of each stream's file,
 * one record, and what the metadata declares, which is limited. One thread.
 */
public final class TraceReader implements AutoCloseable {
    /* How it works
     *
     * The time of the next record of each stream waits in a queue; the earliest record is read, and its stream asked
     * for the next. Streams are in order by themselves: where one is not, that is a problem, and the event is shown
     * when it is read.
     *
     * A stream is the file channel_INDEX, or several, channel_INDEX_NUMBER, in the order of their numbers.
     */
    /** The longest metadata that is read, in bytes. */
    public static final long MAX_METADATA_BYTES = 1 << 26;
    /** How many streams are read at most: as many as Linux has CPUs at most, and one for threads without a CPU. */
    static final int MAX_STREAMS = (1 << 13) + 1;

    /** A share of the heap that metadata may take; what is made of it takes about as much again. */
    private static final int HEAP_SHARE = 4;
    private static final int ALL_WINDOWS_BYTES = 1 << 24;
    private static final int LEAST_WINDOW_BYTES = 1 << 12;

    private static final Pattern CHANNEL =
            Pattern.compile(TraceWriter.CHANNEL + "(0|[1-9]\\d{0,4})(?:_(0|[1-9]\\d{0,17}))?");

    private final Problems problems = new Problems();
    private final List<StreamReader> streams = new ArrayList<>();
    private final PriorityQueue<Head> heads = new PriorityQueue<>();
    private final @Nullable TraceDescription description;

    /** When the next record of a stream was. */
    private record Head(long timestamp, StreamReader stream) implements Comparable<Head> {
        @Override
        public int compareTo(Head other) {
            int order = Long.compareUnsigned(timestamp, other.timestamp);
            return order != 0 ? order : Integer.compare(stream.index(), other.stream.index());
        }
    }

    /**
     * How a stream's packets were, as far as they are read.
     *
     * @param index the CPU index
     * @param packets how many were there
     * @param lostPackets how many are missing between them, by their numbers
     * @param discarded how many events its packets count as discarded
     */
    public record StreamCounts(int index, long packets, long lostPackets, long discarded) {}

    /**
     * Opens a trace that nobody writes any more.
     *
     * @param folder the folder that holds it
     */
    public TraceReader(Path folder) {
        this(folder, false);
    }

    /**
     * Opens a trace.
     *
     * @param folder the folder that holds it
     * @param isLive whether it is being written: then a packet at a file's end that is not whole yet is no problem
     */
    public TraceReader(Path folder, boolean isLive) {
        description = describe(folder.resolve(TraceWriter.METADATA));
        if (description != null) {
            Map<Integer, List<Long>> channels = channels(folder);
            long allBytes = Math.min(ALL_WINDOWS_BYTES, Runtime.getRuntime().maxMemory() / (2 * HEAP_SHARE));
            int windowBytes = Math.clamp(allBytes / Math.max(channels.size(), 1), LEAST_WINDOW_BYTES,
                    StreamFile.MAX_KEPT_BYTES);
            byte[] mark = PacketLayout.mark(description.uuid());
            Map<Integer, EventType> events = description.eventsById();
            channels.forEach((index, numbers) -> streams.add(new StreamReader(index, files(folder, index, numbers),
                    mark, events, problems, windowBytes, isLive)));
            streams.forEach(this::advance);
        }
    }

    private @Nullable TraceDescription describe(Path file) {
        long limit = Math.min(MAX_METADATA_BYTES, Runtime.getRuntime().maxMemory() / HEAP_SHARE);
        try (FileChannel channel = RegularFile.open(file)) {
            long bytes = channel.size();
            if (bytes > limit) {
                problems.add(TraceWriter.METADATA, limit, "longer than metadata may be: " + bytes + " bytes"
                        + (limit < MAX_METADATA_BYTES ? "; a larger heap (-Xmx) lets it be longer" : ""));
                return null;
            }
            ByteBuffer read = ByteBuffer.allocate((int) bytes);
            int last = 0;
            while (read.hasRemaining() && last >= 0) {
                last = channel.read(read);
            }
            String text = new String(read.array(), 0, read.position(), StandardCharsets.ISO_8859_1);
            return MetadataParser.parse(text, TraceWriter.METADATA, problems);
        } catch (IOException e) {
            problems.add(TraceWriter.METADATA, 0, "cannot be read, so this is no trace: " + RegularFile.why(e));
            return null;
        }
    }

    /** Returns the numbers of the files of each stream, -1 for the one that has none. */
    private Map<Integer, List<Long>> channels(Path folder) {
        Map<Integer, List<Long>> channels = new TreeMap<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, TraceWriter.CHANNEL + "*")) {
            for (Path file : files) {
                String name = String.valueOf(file.getFileName());
                Matcher matcher = CHANNEL.matcher(name);
                if (!matcher.matches() || Integer.parseInt(matcher.group(1)) >= TraceDescription.MAX_INDEX_COUNT) {
                    problems.add(name, 0, "is no stream of a CPU index, and is left out");
                } else if (channels.size() < MAX_STREAMS
                        || channels.containsKey(Integer.valueOf(matcher.group(1)))) {
                    channels.computeIfAbsent(Integer.valueOf(matcher.group(1)), _ -> new ArrayList<>())
                            .add(matcher.group(2) == null ? -1 : Long.parseLong(matcher.group(2)));
                } else {
                    problems.add(name, 0, "is left out: more than " + MAX_STREAMS + " streams");
                }
            }
        } catch (IOException | DirectoryIteratorException e) {
            problems.add(String.valueOf(folder.getFileName()), 0, "cannot be listed: " + RegularFile.why(e));
        }
        channels.values().forEach(Collections::sort);
        return channels;
    }

    private static List<Path> files(Path folder, int index, List<Long> numbers) {
        String name = TraceWriter.CHANNEL + index;
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
        }
    }

    /** Returns what the metadata says, or null when it cannot be read: then there are no events. */
    public @Nullable TraceDescription description() {
        return description;
    }

    /** Returns the next event, or null at the end. */
    public @Nullable TraceEvent next() {
        TraceEvent event = null;
        for (Head head = heads.poll(); head != null; head = event == null ? heads.poll() : null) {
            event = head.stream().read();
            advance(head.stream());
        }
        return event;
    }

    /** Returns the first problems that were found so far. */
    public List<Problem> problems() {
        return problems.kept();
    }

    /** Returns how many problems were found so far. */
    public long problemCount() {
        return problems.count();
    }

    /** Returns the counts of each stream, as far as it is read. */
    public List<StreamCounts> counts() {
        return streams.stream().map(s -> new StreamCounts(s.index(), s.packets(), s.lostPackets(), s.discarded()))
                .toList();
    }

    @Override
    public void close() {
        streams.forEach(StreamReader::close);
    }
}
