package io.github.rseq4j.trace;

import io.github.rseq4j.trace.ring.FileLimits;
import io.github.rseq4j.trace.ring.RingSizes;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;

/** What a {@link Tracer} is made with. Immutable; each {@code with} method returns options of its own. */
public final class TracerOptions {
    /** The smallest sub-buffer, in bytes: 4 KiB. */
    public static final int MIN_SUB_BUFFER_BYTES = RingSizes.MIN_SUB_BUFFER_BYTES;
    /** The largest sub-buffer, in bytes: 64 MiB. */
    public static final int MAX_SUB_BUFFER_BYTES = RingSizes.MAX_SUB_BUFFER_BYTES;
    /** The size of a sub-buffer where no other is asked for, in bytes: 512 KiB. */
    public static final int DEFAULT_SUB_BUFFER_BYTES = 1 << 19;
    /** The fewest sub-buffers of a ring. */
    public static final int MIN_SUB_BUFFERS = 2;
    /** The most sub-buffers of a ring. */
    public static final int MAX_SUB_BUFFERS = 1 << 10;
    /** How many sub-buffers a ring has where no other number is asked for. */
    public static final int DEFAULT_SUB_BUFFERS = 8;
    /** The most bytes of fields that a record may have. */
    public static final int MAX_FIELD_BYTES = 1 << 15;
    /** How many bytes of fields a record may have where no other number is asked for. */
    public static final int DEFAULT_FIELD_BYTES = 1 << 12;
    /** The smallest limit of a file, in bytes: 4 KiB. */
    public static final long MIN_FILE_BYTES = FileLimits.MIN_FILE_BYTES;

    private static final Duration SHORTEST_INTERVAL = Duration.ofMillis(1);
    /** As good as never, and no sum of it and a time overflows. */
    private static final Duration LONGEST_INTERVAL = Duration.ofNanos(Long.MAX_VALUE / 2);
    private static final TracerOptions DEFAULTS = new TracerOptions(DEFAULT_SUB_BUFFER_BYTES, DEFAULT_SUB_BUFFERS,
            DEFAULT_FIELD_BYTES, Duration.ofSeconds(1), FileLimits.NONE, true, ExistingTrace.NEW_FOLDER);

    private final int subBufferBytes;
    private final int subBuffers;
    private final int fieldBytes;
    private final Duration flushInterval;
    private final FileLimits files;
    private final boolean isTimeOrdered;
    private final ExistingTrace existingTrace;

    private TracerOptions(int subBufferBytes, int subBuffers, int fieldBytes, Duration flushInterval,
            FileLimits files, boolean isTimeOrdered, ExistingTrace existingTrace) {
        this.subBufferBytes = subBufferBytes;
        this.subBuffers = subBuffers;
        this.fieldBytes = fieldBytes;
        this.flushInterval = flushInterval;
        this.files = files;
        this.isTimeOrdered = isTimeOrdered;
        this.existingTrace = existingTrace;
    }

    /**
     * {@return options of rings of 8 sub-buffers of 512 KiB for each CPU, records of up to 4,096 bytes of fields, a
     * flush each second, no limit on files, and times in the order of cause and effect}
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
     * Changes the rings. Each CPU that records events has one.
     *
     * @param bytes the size of a sub-buffer, which becomes a packet: a power of two, {@link #MIN_SUB_BUFFER_BYTES} to
     *     {@link #MAX_SUB_BUFFER_BYTES}
     * @param count how many there are: a power of two, {@link #MIN_SUB_BUFFERS} to {@link #MAX_SUB_BUFFERS}
     * @return the options
     * @throws IllegalArgumentException when a number is out of range or no power of two, or both make more than 1 GiB
     */
    public TracerOptions withSubBuffers(int bytes, int count) {
        require("subBufferBytes", bytes, MIN_SUB_BUFFER_BYTES, MAX_SUB_BUFFER_BYTES);
        require("subBuffers", count, MIN_SUB_BUFFERS, MAX_SUB_BUFFERS);
        if (Integer.bitCount(bytes) != 1 || Integer.bitCount(count) != 1 || (long) bytes * count > 1 << 30) {
            throw new IllegalArgumentException("subBufferBytes=" + bytes + ", subBuffers=" + count
                    + ", must be powers of two, and together at most " + (1 << 30) + " bytes");
        }
        return new TracerOptions(bytes, count, fieldBytes, flushInterval, files,
                isTimeOrdered, existingTrace);
    }

    /**
     * Changes how long a record may be. Texts and arrays are cut where it would be longer, and marked. A record also
     * never takes more than half of a sub-buffer.
     *
     * @param bytes the most bytes of fields, 256 to {@link #MAX_FIELD_BYTES}
     * @return the options
     * @throws IllegalArgumentException when the number is out of range
     */
    public TracerOptions withFieldBytes(int bytes) {
        require("fieldBytes", bytes, 256, MAX_FIELD_BYTES);
        return new TracerOptions(subBufferBytes, subBuffers, bytes, flushInterval, files,
                isTimeOrdered, existingTrace);
    }

    /**
     * Changes how long an event may wait until it is in a file. It has no meaning for a flight recorder.
     *
     * @param interval at least a millisecond; one of centuries is never
     * @return the options
     * @throws IllegalArgumentException when it is shorter
     */
    public TracerOptions withFlushInterval(Duration interval) {
        Objects.requireNonNull(interval, "flushInterval=null");
        if (interval.compareTo(SHORTEST_INTERVAL) < 0) {
            throw new IllegalArgumentException("flushInterval=" + interval + ", must be at least "
                    + SHORTEST_INTERVAL);
        }
        return new TracerOptions(subBufferBytes, subBuffers, fieldBytes, interval, files,
                isTimeOrdered, existingTrace);
    }

    /**
     * Limits the files of a stream: each CPU's is several files, of which the oldest is dropped when there are too
     * many. {@link TracerStats#droppedFiles} counts them. It has no meaning for a flight recorder.
     *
     * @param bytes how long a file may be, at least {@link #MIN_FILE_BYTES}; a packet that is longer has a file alone
     * @param count how many files each CPU may have, at least 1
     * @return the options
     * @throws IllegalArgumentException when a number is out of range
     */
    public TracerOptions withFiles(long bytes, int count) {
        require("maxFileBytes", bytes, MIN_FILE_BYTES, Long.MAX_VALUE - 1);
        require("maxFiles", count, 1, Integer.MAX_VALUE);
        return new TracerOptions(subBufferBytes, subBuffers, fieldBytes, flushInterval, new FileLimits(bytes, count),
                isTimeOrdered, existingTrace);
    }

    /**
     * Has no effect: rings lie in shared memory, in no file system, and a small file in the trace's own folder finds
     * them after the process was killed.
     *
     * @param folder is not looked at
     * @return the options
     * @deprecated there is nothing to be chosen any more
     */
    @Deprecated
    @SuppressWarnings("InlineMeSuggester") // Callers drop the call; there is nothing to be written in its place.
    public TracerOptions withRingFolder(Path folder) {
        return this;
    }

    /**
     * Lets the processor read its counter when it likes, which halves what a short event takes. What it gives up: an
     * event may then have an earlier time than its cause on another CPU, by up to some hundreds of nanoseconds, and
     * stand before it in the trace. By default an event's time is not earlier than that of any event that happened
     * before it, on whichever CPU. What one CPU records is in its order either way. It changes nothing for events of
     * native code, for CLOCK_MONOTONIC and on the fallback, whose times are always ordered.
     *
     * @return the options
     */
    public TracerOptions withUnorderedTime() {
        return new TracerOptions(subBufferBytes, subBuffers, fieldBytes, flushInterval, files,
                false, existingTrace);
    }

    /** What a tracer does when its folder already holds a trace, for example that of the program's last run. */
    public enum ExistingTrace {
        /**
         * It records to a new folder in that folder: {@code run-2}, {@code run-3} and so on, one for each run;
         * {@link Tracer#folder} tells which. Of runs that were killed the newest four keep the memory of their rings
         * until they are recovered; older ones are recovered then, as by {@link #RECOVER}. Where that fails eight keep
         * it, and the oldest one's is freed: {@link TracerStats#failures} counts that, too.
         */
        NEW_FOLDER,
        /**
         * As {@link #NEW_FOLDER}, after it has recovered what runs have left that were killed
         * ({@link TraceRecovery#recover}). What cannot be recovered is counted in {@link TracerStats#failures}.
         */
        RECOVER,
        /** It throws {@link java.nio.file.FileAlreadyExistsException}. */
        REFUSE
    }

    /**
     * Changes what happens when the folder already holds a trace. Metadata alone, which a flight recorder leaves when
     * it is closed, is no trace, and is replaced.
     *
     * @param existing what happens
     * @return the options
     */
    public TracerOptions withExistingTrace(ExistingTrace existing) {
        return new TracerOptions(subBufferBytes, subBuffers, fieldBytes, flushInterval, files,
                isTimeOrdered, Objects.requireNonNull(existing, "existing"));
    }

    /** {@return the size of a sub-buffer, in bytes} */
    public int subBufferBytes() {
        return subBufferBytes;
    }

    /** {@return how many sub-buffers a ring has} */
    public int subBuffers() {
        return subBuffers;
    }

    /** Returns the sizes of the rings, and the limits of the files. */
    RingSizes sizes() {
        return new RingSizes(subBufferBytes, (long) subBufferBytes * subBuffers, files);
    }

    /** {@return how many bytes of fields a record may have} */
    public int fieldBytes() {
        // Two records fit each sub-buffer, so that none is refused by an empty one.
        return Math.min(fieldBytes, subBufferBytes / 2 - 256);
    }

    /** {@return how long an event may wait until it is in a file} */
    public Duration flushInterval() {
        return flushInterval;
    }

    /** Returns the same in nanoseconds, or so many as are as good as never. */
    long flushNanos() {
        return flushInterval.compareTo(LONGEST_INTERVAL) > 0 ? LONGEST_INTERVAL.toNanos() : flushInterval.toNanos();
    }

    /** {@return how long a file may be, in bytes; {@code Long.MAX_VALUE} when there is no limit} */
    public long maxFileBytes() {
        return files.maxFileBytes();
    }

    /** {@return how many files each CPU may have} */
    public int maxFiles() {
        return files.maxFiles();
    }

    /** {@return whether no event has an earlier time than what happened before it on another CPU} */
    public boolean isTimeOrdered() {
        return isTimeOrdered;
    }

    /** {@return what happens when the folder already holds a trace} */
    public ExistingTrace existingTrace() {
        return existingTrace;
    }
}
