package io.github.rseq4j.agent;

import io.github.rseq4j.trace.layout.TraceFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import jdk.jfr.Recording;

/** The JVM's events of the last minute, in a recording of JFR. Only this class refers to JFR, which may be missing. */
final class JvmEvents implements AutoCloseable {
    /* How it works
     *
     * JFR has one stream of events for all recordings of a process, and writes it to files as soon as one of them is on
     * disk. A recording in memory would lose its past events then, so this one is on disk, in JFR's own folder. JFR
     * deletes what is older than the limit, by files of at most 12 MB.
     */
    private static final Duration MAX_AGE = Duration.ofMinutes(1);
    private static final long MAX_BYTES = 32 << 20;
    private static final Duration LEAST_WAIT = Duration.ofMillis(1);
    private static final List<String> PAUSES = List.of("jdk.GarbageCollection", "jdk.GCPhasePause",
            "jdk.SafepointBegin", "jdk.SafepointEnd", "jdk.ExecuteVMOperation", "jdk.ZAllocationStall");
    private static final List<String> WAITS = List.of("jdk.JavaMonitorEnter", "jdk.VirtualThreadPinned");

    private final Recording recording = new Recording();

    private JvmEvents() {
        recording.setName("rseq4j agent");
        recording.setToDisk(true);
        recording.setMaxAge(MAX_AGE);
        recording.setMaxSize(MAX_BYTES);
        PAUSES.forEach(each -> recording.enable(each).withoutThreshold());
        WAITS.forEach(each -> recording.enable(each).withThreshold(LEAST_WAIT).withStackTrace());
    }

    /**
     * Starts to record.
     *
     * @throws IOException if this JVM has no JFR, or JFR refuses; the message has the remedy
     */
    static JvmEvents start() throws IOException {
        JvmEvents made = null;
        try {
            made = new JvmEvents();
            made.recording.start();
            return made;
        } catch (LinkageError e) {
            throw new IOException("module jdk.jfr is not in this JVM: start the program with --add-modules jdk.jfr, or"
                    + " add the module to its Java image (jlink --add-modules jdk.jfr)", e);
        } catch (RuntimeException e) {
            if (made != null) {
                made.close();
            }
            throw new IOException("JFR cannot record: " + e.getMessage(), e);
        }
    }

    /** Writes the events of the last minute beside a snapshot. The file is complete when it has its name. */
    void write(Path snapshot) throws IOException {
        Path part = snapshot.resolve(TraceFiles.JVM_EVENTS + ".part");
        recording.dump(part);
        Files.move(part, snapshot.resolve(TraceFiles.JVM_EVENTS), StandardCopyOption.ATOMIC_MOVE);
    }

    @Override
    public void close() {
        recording.close();
    }
}
