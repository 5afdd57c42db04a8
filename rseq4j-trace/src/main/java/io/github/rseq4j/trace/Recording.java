package io.github.rseq4j.trace;

import io.github.rseq4j.trace.common.TracerCounts;
import io.github.rseq4j.trace.cpu.NativeProbes;
import io.github.rseq4j.trace.ctf.EventType;
import io.github.rseq4j.trace.file.SafeFolder;
import io.github.rseq4j.trace.file.Uninterrupted;
import io.github.rseq4j.trace.layout.TraceFiles;
import io.github.rseq4j.trace.ring.Channel;
import io.github.rseq4j.trace.ring.RingSizes;
import io.github.rseq4j.trace.ring.RingView;
import io.github.rseq4j.trace.ring.Rings;
import io.github.rseq4j.trace.ring.RoomWait;
import io.github.rseq4j.trace.ring.TraceRing;
import io.github.rseq4j.trace.stream.CodeNamesFile;
import io.github.rseq4j.trace.stream.Drainer;
import io.github.rseq4j.trace.stream.RingCopy;
import io.github.rseq4j.trace.stream.RingDrain;
import io.github.rseq4j.trace.stream.StreamOutput;
import io.github.rseq4j.trace.stream.TraceMetadata;
import io.github.rseq4j.trace.thread.TracedThreads;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The part of a tracer that holds events and writes them: the rings, the metadata, the files, and the thread that
 * drains. Any thread may call any method.
 */
final class Recording {
    /* How it works
     *
     * Channel records events in the rings that Rings opens. On the thread of the Drainer, a RingDrain for each ring
     * writes its packets to files; a flight recorder has no drains.
     *
     * One monitor, the drainer's, guards opening, draining, looking and closing. Recorders take no lock.
     */
    private final TracerOptions options;
    private final boolean isFlightRecorder;
    private final UUID uuid = UUID.randomUUID();
    private final TracerCounts counts = new TracerCounts();
    private final TracedThreads threads = new TracedThreads(counts);
    private final TracerFolder files;
    private final TraceMetadata metadata;
    private final Drainer drainer;
    /** The rings of all providers that have no rings of their own. */
    final Rings rings;
    private final RingSet shared;
    /** All sets of rings; the first one is that of the providers without rings of their own. */
    private final List<RingSet> sets = new ArrayList<>();
    private final long lostBefore = NativeProbes.lost();
    private long discardedByClosed;
    private boolean isClosing;
    private boolean isClosed;

    /**
     * Writes the metadata and opens the rings. The thread does not run yet.
     *
     * @throws IOException if the metadata cannot be written, or the kernel refuses memory; no ring is left then
     */
    Recording(TracerOptions options, boolean isFlightRecorder, TracerFolder files) throws IOException {
        files.failures().forEach(counts::failed);
        this.options = options;
        this.isFlightRecorder = isFlightRecorder;
        this.files = files;
        this.metadata = new TraceMetadata(files.trace(), files.rings(), uuid, options.format(), isFlightRecorder,
                threads, counts);
        metadata.write();
        this.drainer = new Drainer(metadata, counts, options.flushNanos(), Drainer.FAILURE_PAUSE_NANOS,
                files.descriptors());
        try {
            this.shared = set("*", options.sizes());
            for (TracerOptions.OwnRings own : options.ownRings()) {
                RingSet _ = set(own.providers(), own.sizes(options.sizes().files()));
            }
        } catch (Throwable t) {
            abandon();
            throw t;
        }
        this.rings = shared.rings();
    }

    /** Makes a set of rings, whose number is that of the sets before it. */
    private RingSet set(String providers, RingSizes sizes) throws IOException {
        Rings made = new Rings(files.rings(), uuid, sets.size(), sizes, !isFlightRecorder, counts, this::drained);
        try {
            Channel channel = new Channel(made, options.isTimeOrdered(), new RoomWait(
                    isFlightRecorder ? 0 : options.blockingNanos(), drainer, drainer::isServing, drainer::wake),
                    threads, counts);
            RingSet set = new RingSet(providers, made, channel, new NativeProbes(made, threads));
            sets.add(set);
            return set;
        } catch (Throwable t) {
            made.close(true);
            throw t;
        }
    }

    /** Returns the set of rings of a provider. */
    RingSet setOf(String provider) {
        return sets.stream().skip(1).filter(set -> set.has(provider)).findFirst().orElse(shared);
    }

    /** Returns all rings that were made. */
    private List<RingView> opened() {
        return sets.stream().flatMap(set -> set.rings().opened().stream()).toList();
    }

    private void openMissed() {
        sets.forEach(set -> set.rings().openMissed());
    }

    /** Tells whether the records of a ring remain after the process has ended. */
    private boolean isKept(RingView ring) {
        return sets.stream().anyMatch(set -> set.rings().opened().contains(ring) && set.rings().isKept(ring));
    }

    /** Returns the entries of the environment with the patterns of the sets. */
    Map<String, Object> patterns() {
        Map<String, Object> patterns = new LinkedHashMap<>();
        for (int i = 1; i < sets.size(); i++) {
            patterns.put("rings_" + i, sets.get(i).providers());
        }
        return patterns;
    }

    private void drained(RingView ring) {
        if (!isFlightRecorder) {
            StreamOutput output = new StreamOutput(files.trace(), uuid, ring.index(), options.sizes().files());
            drainer.add(new RingDrain(ring, output, counts));
        }
    }

    /** Starts the thread that drains. */
    void start() {
        drainer.start(this::openMissed);
    }

    /** Frees the rings of a tracer whose start failed. */
    void abandon() {
        sets.forEach(set -> set.rings().close(true));
    }

    Path folder() {
        return files.trace().path();
    }

    boolean isFlightRecorder() {
        return isFlightRecorder;
    }

    TracerCounts counts() {
        return counts;
    }

    TracedThreads threads() {
        return threads;
    }

    /** Returns the entry of probes into the rings. */
    Channel channel() {
        return shared.channel();
    }

    /** Returns the functions for native code. Tests call it. */
    NativeProbes natives() {
        return shared.natives();
    }

    /**
     * Adds events to the metadata.
     *
     * @param types the events, before any of them is recorded
     */
    void add(List<EventType> types) {
        metadata.add(types);
    }

    /** Adds entries to the environment of the metadata. The supplier must take no lock. */
    void describe(Supplier<Map<String, Object>> entries) {
        metadata.describe(entries);
    }

    /** Returns the monitor that guards opening, draining, looking and closing. */
    Object monitor() {
        return drainer;
    }

    /** Fails if {@link #beginClosing} was called. The caller holds the monitor. */
    void requireOpen() {
        if (isClosing) {
            throw new IllegalStateException("folder=" + folder() + ": the tracer was closed");
        }
    }

    /** Makes {@link #requireOpen} fail from now on. The caller holds the monitor. */
    void beginClosing() {
        isClosing = true;
    }

    /** Implements {@link Tracer#flush}. */
    void flush() throws IOException {
        Throwable failure;
        synchronized (drainer) {
            requireOpen();
            failure = drainer.drainAll();
            metadata.flush();
        }
        if (failure != null) {
            throw new IOException("something could not be written, and is still in the rings: " + failure.getMessage(),
                    failure);
        }
    }

    /**
     * Implements {@link Tracer#snapshot}.
     *
     * @param snapshot the folder of the snapshot
     * @param before runs before the rings are copied, under the monitor; it tells whether there are samples of CPU time
     */
    void snapshot(Path snapshot, BooleanSupplier before) throws IOException {
        synchronized (drainer) {
            requireOpen();
            if (!isFlightRecorder) {
                throw new IllegalStateException(
                        "folder=" + folder() + " is not a flight recorder's: flush() writes to it");
            }
            boolean isNew = !Files.exists(snapshot);
            try (SafeFolder into = SafeFolder.open(Files.createDirectories(snapshot))) {
                if (into.exists(TraceFiles.METADATA)) {
                    throw new FileAlreadyExistsException(snapshot.toString(), null, "the folder holds a trace already");
                }
                List<String> there = into.names();
                boolean isWritten = false;
                try {
                    boolean hasSamples = before.getAsBoolean();
                    copyTo(into);
                    metadata.writeTo(into);
                    isWritten = true;
                    if (hasSamples) {
                        CodeNamesFile.write(into);
                    }
                } finally {
                    if (!isWritten) {
                        removeStreams(into, there, isNew);
                    }
                }
            }
        }
    }

    /** Removes the streams of a snapshot that has failed: without metadata they cannot be read. */
    private static void removeStreams(SafeFolder from, List<String> kept, boolean isFolderRemoved) {
        try {
            for (String name : from.names()) {
                if (name.startsWith(TraceFiles.CHANNEL) && !kept.contains(name)) {
                    from.delete(name);
                }
            }
            if (isFolderRemoved) {
                Files.delete(from.path());
            }
        } catch (IOException _) {
            // The folder has other files, or its file system refuses. The reason of the failed snapshot is thrown.
        }
    }

    /** Writes the names of the JVM's code to the folder of a streaming tracer; a flight recorder has no trace there. */
    void writeCodeNames() {
        if (!isFlightRecorder) {
            CodeNamesFile.write(files.trace());
        }
    }

    private void copyTo(SafeFolder into) throws IOException {
        for (RingView ring : opened()) {
            RingCopy copy;
            try {
                copy = RingCopy.of(ring, true);
            } catch (IOException e) {
                counts.failed(e);
                continue;
            }
            Uninterrupted.run(() -> copy.writeTo(into, uuid, ring.index(), counts));
        }
    }

    /**
     * Implements {@link Tracer#stats}.
     *
     * @param omitted the number of calls that limits have left out
     */
    TracerStats stats(long omitted) {
        long discarded;
        synchronized (drainer) {
            discarded = discardedByClosed;
            for (RingView ring : opened()) {
                discarded += ring.get(TraceRing.DISCARDED);
            }
        }
        return new TracerStats(discarded, omitted, counts.lostEvents()
                + sets.stream().mapToLong(set -> set.rings().missed()).sum() + NativeProbes.lost()
                - lostBefore, counts.packets.sum(), counts.bytes.sum(), counts.droppedFiles.sum(), counts.failures(),
                counts.lastFailure(), lostOnKill());
    }

    private @Nullable String lostOnKill() {
        return sets.stream().map(set -> set.rings().lostOnKill()).filter(Objects::nonNull).findFirst().orElse(null);
    }

    /**
     * Ends the drainer's thread, writes the records of the rings and frees the rings. Records that cannot be written
     * stay in shared rings.
     *
     * @return whether this call ended the recording, and no earlier call
     */
    boolean end() {
        drainer.stop();
        synchronized (drainer) {
            if (isClosed) {
                return false;
            }
            isClosed = true;
            sets.forEach(set -> set.rings().stop());
            Throwable failure = drainer.drainAll();
            boolean isWhole = metadata.close() && failure == null;
            opened().forEach(ring -> discardedByClosed += ring.get(TraceRing.DISCARDED));
            if (!isWhole && !isFlightRecorder) {
                counts.lost(drainer.unwritten(metadata.events(), this::isKept));
            }
            sets.forEach(set -> set.rings().close(isWhole));
            drainer.close();
            try {
                files.finish(isWhole);
            } catch (IOException e) {
                counts.failed(e);
            }
            return true;
        }
    }
}
