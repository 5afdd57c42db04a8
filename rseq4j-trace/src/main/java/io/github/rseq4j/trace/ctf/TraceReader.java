package io.github.rseq4j.trace.ctf;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.PriorityQueue;
import java.util.TreeMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Reads a trace: all that is readable, in the order of time, and what is wrong as a list. Nothing that a folder holds
 * makes it throw. What it holds in memory is a window of each stream's file and one event of each. One thread.
 */
public final class TraceReader implements AutoCloseable {
    /* How it works
     *
     * The next event of each stream waits in a queue in the order of timestamps; the earliest is taken, and its stream
     * asked for the next. Streams are in order by themselves: where one is not, that is a problem, and the event is
     * shown when it is read.
     *
     * A stream is the file channel_INDEX, or several, channel_INDEX_NUMBER, in the order of their numbers.
     */
    /** The longest metadata that is read, in bytes. */
    public static final long MAX_METADATA_BYTES = 1 << 26;

    private static final Pattern CHANNEL =
            Pattern.compile(TraceWriter.CHANNEL + "(0|[1-9]\\d{0,4})(?:_(0|[1-9]\\d{0,17}))?");

    private final Problems problems = new Problems();
    private final List<StreamReader> streams = new ArrayList<>();
    private final PriorityQueue<Head> heads = new PriorityQueue<>();
    private final @Nullable TraceDescription description;

    /** The next event of a stream. */
    private record Head(TraceEvent event, StreamReader stream) implements Comparable<Head> {
        @Override
        public int compareTo(Head other) {
            int order = Long.compareUnsigned(event.timestamp(), other.event.timestamp());
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
     * Opens a trace.
     *
     * @param folder the folder that holds it
     */
    public TraceReader(Path folder) {
        description = describe(folder.resolve(TraceWriter.METADATA));
        if (description != null) {
            channels(folder).forEach((index, files) -> streams.add(new StreamReader(index,
                    List.copyOf(files.values()), description, problems)));
            streams.forEach(this::advance);
        }
    }

    private @Nullable TraceDescription describe(Path file) {
        try {
            long bytes = Files.size(file);
            if (bytes > MAX_METADATA_BYTES) {
                problems.add(TraceWriter.METADATA, MAX_METADATA_BYTES, "longer than metadata may be: " + bytes
                        + " bytes");
                return null;
            }
            String text = new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1);
            return MetadataParser.parse(text, TraceWriter.METADATA, problems);
        } catch (IOException e) {
            problems.add(TraceWriter.METADATA, 0, "cannot be read, so this is no trace: " + e);
            return null;
        }
    }

    private Map<Integer, Map<Long, Path>> channels(Path folder) {
        Map<Integer, Map<Long, Path>> channels = new TreeMap<>();
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.sorted().toList()) {
                String name = String.valueOf(file.getFileName());
                Matcher matcher = CHANNEL.matcher(name);
                if (matcher.matches() && Integer.parseInt(matcher.group(1)) < TraceDescription.MAX_INDEX_COUNT) {
                    long number = matcher.group(2) == null ? -1 : Long.parseLong(matcher.group(2));
                    channels.computeIfAbsent(Integer.parseInt(matcher.group(1)), _ -> new TreeMap<>())
                            .put(number, file);
                } else if (name.startsWith(TraceWriter.CHANNEL)) {
                    problems.add(name, 0, "is no stream of a CPU index, and is left out");
                }
            }
        } catch (IOException e) {
            problems.add(String.valueOf(folder.getFileName()), 0, "cannot be listed: " + e);
        }
        return channels;
    }

    private void advance(StreamReader stream) {
        TraceEvent event = stream.next();
        if (event != null) {
            heads.add(new Head(event, stream));
        }
    }

    /** Returns what the metadata says, or null when it cannot be read: then there are no events. */
    public @Nullable TraceDescription description() {
        return description;
    }

    /** Returns the next event, or null at the end. */
    public @Nullable TraceEvent next() {
        Head head = heads.poll();
        if (head == null) {
            return null;
        }
        advance(head.stream());
        return head.event();
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
