package io.github.rseq4j.trace;

import io.github.rseq4j.trace.ctf.TraceFormat;
import io.github.rseq4j.trace.layout.PacketLayout;
import io.github.rseq4j.trace.ring.FileLimits;
import io.github.rseq4j.trace.ring.RingSizes;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;

/**
 * The options of a {@link Tracer}. Immutable, so any thread may use them; each {@code with} method returns new options.
 *
 * @since 0.1.0
 */
public final class TracerOptions {
    /** The smallest sub-buffer, in bytes: 4 KiB. */
    public static final int MIN_SUB_BUFFER_BYTES = RingSizes.MIN_SUB_BUFFER_BYTES;
    /** The largest sub-buffer, in bytes: 64 MiB. */
    public static final int MAX_SUB_BUFFER_BYTES = RingSizes.MAX_SUB_BUFFER_BYTES;
    /** The default size of a sub-buffer, in bytes: 512 KiB. */
    public static final int DEFAULT_SUB_BUFFER_BYTES = 1 << 19;
    /** The fewest sub-buffers of a ring. */
    public static final int MIN_SUB_BUFFERS = 2;
    /** The most sub-buffers of a ring. */
    public static final int MAX_SUB_BUFFERS = 1 << 10;
    /** The default number of sub-buffers of a ring. */
    public static final int DEFAULT_SUB_BUFFERS = 8;
    /** The largest limit of the fields of a record, in bytes. */
    public static final int MAX_FIELD_BYTES = 1 << 15;
    /** The default limit of the fields of a record, in bytes. */
    public static final int DEFAULT_FIELD_BYTES = 1 << 12;
    /** The smallest limit of a file, in bytes: 4 KiB. */
    public static final long MIN_FILE_BYTES = FileLimits.MIN_FILE_BYTES;

    private static final Duration SHORTEST_INTERVAL = Duration.ofMillis(1);
    /** An interval that stands for never: 146 years. Its sum with a time does not overflow. */
    private static final Duration LONGEST_INTERVAL = Duration.ofNanos(Long.MAX_VALUE / 2);
    private static final TracerOptions DEFAULTS = new TracerOptions(new Values());

    private final int subBufferBytes;
    private final int subBuffers;
    private final int fieldBytes;
    private final Duration flushInterval;
    private final FileLimits files;
    private final boolean isTimeOrdered;
    private final ExistingTrace existingTrace;
    private final TraceFormat format;
    private final Duration blocking;
    private final List<OwnRings> ownRings;

    /** The rings of the providers whose names match a pattern. */
    record OwnRings(String providers, int subBufferBytes, int subBuffers) {
        RingSizes sizes(FileLimits limits) {
            return new RingSizes(subBufferBytes, (long) subBufferBytes * subBuffers, limits);
        }
    }

    /** The values of options while new options are made. The fields begin with the defaults. */
    private static final class Values {
        private int subBufferBytes = DEFAULT_SUB_BUFFER_BYTES;
        private int subBuffers = DEFAULT_SUB_BUFFERS;
        private int fieldBytes = DEFAULT_FIELD_BYTES;
        private Duration flushInterval = Duration.ofSeconds(1);
        private FileLimits files = FileLimits.NONE;
        private boolean isTimeOrdered = true;
        private ExistingTrace existingTrace = ExistingTrace.NEW_FOLDER;
        private TraceFormat format = TraceFormat.CTF_1_8;
        private Duration blocking = Duration.ZERO;
        private List<OwnRings> ownRings = List.of();
    }

    private TracerOptions(Values values) {
        this.subBufferBytes = values.subBufferBytes;
        this.subBuffers = values.subBuffers;
        this.fieldBytes = values.fieldBytes;
        this.flushInterval = values.flushInterval;
        this.files = values.files;
        this.isTimeOrdered = values.isTimeOrdered;
        this.existingTrace = values.existingTrace;
        this.format = values.format;
        this.blocking = values.blocking;
        this.ownRings = values.ownRings;
    }

    /** Returns new options, which differ from these by a change. */
    private TracerOptions with(Consumer<Values> change) {
        Values values = new Values();
        values.subBufferBytes = subBufferBytes;
        values.subBuffers = subBuffers;
        values.fieldBytes = fieldBytes;
        values.flushInterval = flushInterval;
        values.files = files;
        values.isTimeOrdered = isTimeOrdered;
        values.existingTrace = existingTrace;
        values.format = format;
        values.blocking = blocking;
        values.ownRings = ownRings;
        change.accept(values);
        return new TracerOptions(values);
    }

    /**
     * {@return the default options: rings of 8 sub-buffers of 512 KiB, records with up to 4,096 bytes of fields, a
     * flush each second, no limit of files, ordered times, and CTF 1.8}
     */
    public static TracerOptions defaults() {
        return DEFAULTS;
    }

    private static void require(String what, long value, long min, long max) {
        if (value < min || value > max) {
            throw new IllegalArgumentException(what + "=" + value + ", must be " + min + " to " + max);
        }
    }

    /**
     * Sets the size of the rings. Each CPU that records events has a ring.
     *
     * @param bytes the size of a sub-buffer in bytes, a power of two, {@link #MIN_SUB_BUFFER_BYTES} to
     *     {@link #MAX_SUB_BUFFER_BYTES}; a full sub-buffer becomes a packet
     * @param count the number of sub-buffers, a power of two, {@link #MIN_SUB_BUFFERS} to {@link #MAX_SUB_BUFFERS}
     * @return the options
     * @throws IllegalArgumentException if a number is out of range or not a power of two, or if the ring has more than
     *     1 GiB
     */
    public TracerOptions withSubBuffers(int bytes, int count) {
        requireSizes(bytes, count);
        return with(values -> {
            values.subBufferBytes = bytes;
            values.subBuffers = count;
        });
    }

    private static void requireSizes(int bytes, int count) {
        require("subBufferBytes", bytes, MIN_SUB_BUFFER_BYTES, MAX_SUB_BUFFER_BYTES);
        require("subBuffers", count, MIN_SUB_BUFFERS, MAX_SUB_BUFFERS);
        if (Integer.bitCount(bytes) != 1 || Integer.bitCount(count) != 1 || (long) bytes * count > 1 << 30) {
            throw new IllegalArgumentException("subBufferBytes=" + bytes + ", subBuffers=" + count
                    + ", must be powers of two, and together at most " + (1 << 30) + " bytes");
        }
    }

    /**
     * Gives the providers whose names match a pattern rings of their own, one for each CPU that records their events.
     * So a provider with many events does not overwrite or crowd out those of the other providers, in either mode. The
     * pattern that was given first holds. The streams of these rings have the CPU index plus a multiple of 65,536 as
     * their number; {@code env} has the pattern as {@code rings_N}, where N is that multiple. The limits of
     * {@link #withFiles} apply to each stream.
     *
     * @param providers the names, where {@code *} matches any characters; {@code cpu} is the provider of
     *     {@link Tracer#sampleCpu}
     * @param bytes the size of a sub-buffer, as for {@link #withSubBuffers}
     * @param count the number of sub-buffers, as for {@link #withSubBuffers}
     * @return the options
     * @throws IllegalArgumentException if a size is invalid as for {@link #withSubBuffers}, if the pattern is empty or
     *     has a colon, or if there are 63 such patterns already
     */
    public TracerOptions withOwnRings(String providers, int bytes, int count) {
        requireSizes(bytes, count);
        if (providers.isEmpty() || providers.indexOf(':') >= 0) {
            throw new IllegalArgumentException("providers=" + providers + ": must be the name of a provider, in which *"
                    + " matches any characters");
        }
        require("patterns", ownRings.size() + 1, 1, PacketLayout.MAX_SETS - 1);
        List<OwnRings> all = new ArrayList<>(ownRings);
        all.add(new OwnRings(providers, bytes, count));
        return with(values -> values.ownRings = List.copyOf(all));
    }

    /** Returns the rings of providers that do not share those of the others. */
    List<OwnRings> ownRings() {
        return ownRings;
    }

    /**
     * Limits the fields of a record. Texts and arrays that exceed the limit are cut, and marked as cut. A record also
     * never takes more than half of a sub-buffer.
     *
     * @param bytes the limit in bytes, 256 to {@link #MAX_FIELD_BYTES}
     * @return the options
     * @throws IllegalArgumentException if the number is out of range
     */
    public TracerOptions withFieldBytes(int bytes) {
        require("fieldBytes", bytes, 256, MAX_FIELD_BYTES);
        return with(values -> values.fieldBytes = bytes);
    }

    /**
     * Sets the interval after which a streaming tracer writes sub-buffers that are not full. Has no effect on a flight
     * recorder.
     *
     * @param interval the interval, at least a millisecond
     * @return the options
     * @throws IllegalArgumentException if the interval is shorter
     */
    public TracerOptions withFlushInterval(Duration interval) {
        Objects.requireNonNull(interval, "flushInterval=null");
        if (interval.compareTo(SHORTEST_INTERVAL) < 0) {
            throw new IllegalArgumentException("flushInterval=" + interval + ", must be at least "
                    + SHORTEST_INTERVAL);
        }
        return with(values -> values.flushInterval = interval);
    }

    /**
     * Limits the files of each CPU. A streaming tracer then writes several files for each CPU and deletes the oldest
     * one; {@link TracerStats#droppedFiles} counts them. Has no effect on a flight recorder.
     *
     * @param bytes the largest size of a file, at least {@link #MIN_FILE_BYTES}; a larger packet has a file of its own
     * @param count the largest number of files for each CPU, at least 1
     * @return the options
     * @throws IllegalArgumentException if a number is out of range
     */
    public TracerOptions withFiles(long bytes, int count) {
        require("maxFileBytes", bytes, MIN_FILE_BYTES, Long.MAX_VALUE - 1);
        require("maxFiles", count, 1, Integer.MAX_VALUE);
        return with(values -> values.files = new FileLimits(bytes, count));
    }

    /**
     * Has no effect. Rings are shared memory, and a small file in the folder of the trace names each of them.
     *
     * @param folder ignored
     * @return these options
     * @deprecated there is no folder to choose; remove the call
     */
    @Deprecated
    @SuppressWarnings("InlineMeSuggester") // Callers remove the call; nothing replaces it.
    public TracerOptions withRingFolder(Path folder) {
        return this;
    }

    /**
     * Reads the processor's counter without waiting for earlier instructions, which makes each event some 10 ns faster.
     * An event can then have a time that is up to some hundreds of nanoseconds before the time of its cause on another
     * CPU, and can be before it in the trace. By default the time of an event is not before the time of any event that
     * happened before it, on any CPU. The events of one CPU are in order in either case. This option has no effect on
     * events of native code, with CLOCK_MONOTONIC, and on the fallback: their times are always ordered.
     *
     * @return the options
     */
    public TracerOptions withUnorderedTime() {
        return with(values -> values.isTimeOrdered = false);
    }

    /**
     * The behaviour of a tracer whose folder already holds a trace, for example of an earlier run of the program.
     *
     * @since 0.1.0
     */
    public enum ExistingTrace {
        /**
         * The tracer records to a new subfolder {@code run-2}, {@code run-3} and so on, one for each run;
         * {@link Tracer#folder} returns it. The newest four killed runs keep the memory of their rings. The tracer
         * recovers older killed runs, as with {@link #RECOVER}. If that fails, eight killed runs keep their memory, and
         * the memory of the oldest one is freed; {@link TracerStats#failures} counts both.
         */
        NEW_FOLDER,
        /**
         * Like {@link #NEW_FOLDER}, but the tracer first recovers all killed runs ({@link TraceRecovery#recover}).
         * {@link TracerStats#failures} counts those that cannot be recovered.
         */
        RECOVER,
        /** The start fails with a {@link java.nio.file.FileAlreadyExistsException}. */
        REFUSE
    }

    /**
     * Sets the behaviour of the tracer if its folder already holds a trace. Metadata alone, which a closed flight
     * recorder leaves, is not a trace, and is replaced.
     *
     * @param existing the behaviour
     * @return the options
     */
    public TracerOptions withExistingTrace(ExistingTrace existing) {
        Objects.requireNonNull(existing, "existing");
        return with(values -> values.existingTrace = existing);
    }

    /**
     * Sets the format of the trace, and of snapshots. By default it is {@link TraceFormat#CTF_1_8}, which all versions
     * of Babeltrace 2 read.
     *
     * @param wanted the format
     * @return the options
     */
    public TracerOptions withFormat(TraceFormat wanted) {
        Objects.requireNonNull(wanted, "format=null");
        return with(values -> values.format = wanted);
    }

    /**
     * Lets a recording thread wait if its ring is full, up to a bound, instead of discarding the event at once; LTTng
     * calls this the blocking timeout. If the bound is over, the event is discarded and counted. Only a streaming
     * tracer blocks: a flight recorder overwrites. The wait parks the thread, also a virtual one. An interrupt does not
     * end it, and stays. No thread waits while packets cannot be written (a full disk, for example) or the tracer is
     * closed; threads of the tracer and native code ({@link Probe#address}) never wait.
     *
     * <p>If other threads use up the room before the waiting thread does, it waits again, up to the bound each time.
     * That needs several threads and small sub-buffers.
     *
     * @param bound the longest wait; zero, the default, for none
     * @return the options
     * @throws IllegalArgumentException if the bound is negative
     */
    public TracerOptions withBlocking(Duration bound) {
        Objects.requireNonNull(bound, "blocking=null");
        if (bound.isNegative()) {
            throw new IllegalArgumentException("blocking=" + bound + ", must not be negative");
        }
        return with(values -> values.blocking = bound);
    }

    /** {@return the size of a sub-buffer, in bytes} */
    public int subBufferBytes() {
        return subBufferBytes;
    }

    /** {@return the number of sub-buffers of a ring} */
    public int subBuffers() {
        return subBuffers;
    }

    /** Returns the sizes of the rings, and the limits of the files. */
    RingSizes sizes() {
        return new RingSizes(subBufferBytes, (long) subBufferBytes * subBuffers, files);
    }

    /** {@return the limit of the fields of a record, in bytes} */
    public int fieldBytes() {
        // Two records fit into each sub-buffer, so an empty one never refuses a record.
        int smallest = ownRings.stream().mapToInt(OwnRings::subBufferBytes).reduce(subBufferBytes, Math::min);
        return Math.min(fieldBytes, smallest / 2 - 256);
    }

    /** {@return the interval after which sub-buffers that are not full are written} */
    public Duration flushInterval() {
        return flushInterval;
    }

    /** Returns the flush interval in nanoseconds, at most {@link #LONGEST_INTERVAL}. */
    long flushNanos() {
        return flushInterval.compareTo(LONGEST_INTERVAL) > 0 ? LONGEST_INTERVAL.toNanos() : flushInterval.toNanos();
    }

    /** {@return the largest size of a file, in bytes; {@code Long.MAX_VALUE} without a limit} */
    public long maxFileBytes() {
        return files.maxFileBytes();
    }

    /** {@return the largest number of files for each CPU} */
    public int maxFiles() {
        return files.maxFiles();
    }

    /** {@return whether the time of an event is never before the time of its cause on another CPU} */
    public boolean isTimeOrdered() {
        return isTimeOrdered;
    }

    /** {@return the behaviour of the tracer if its folder already holds a trace} */
    public ExistingTrace existingTrace() {
        return existingTrace;
    }

    /** {@return the format of the trace} */
    public TraceFormat format() {
        return format;
    }

    /** {@return the longest time that a recording thread waits for room in a full ring; zero for none} */
    public Duration blocking() {
        return blocking;
    }

    /** Returns the bound of waits in nanoseconds, at most {@link #LONGEST_INTERVAL}. */
    long blockingNanos() {
        return blocking.compareTo(LONGEST_INTERVAL) > 0 ? LONGEST_INTERVAL.toNanos() : blocking.toNanos();
    }
}
