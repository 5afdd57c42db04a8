package io.github.rseq4j.demo.side;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import jdk.jfr.Recording;

/**
 * A side whose events are those of JFR. Its recording has the service's events alone, all of them, and none of the
 * JVM's.
 */
abstract sealed class JfrSide implements Side permits JdkSide, MicrometerSide {
    private static final long MAX_BYTES = 512L << 20;
    private static final Duration MAX_AGE = Duration.ofMinutes(10);

    private final ServiceEvents events = new JfrServiceEvents();
    private Recording recording = started();

    private static Recording started() {
        Recording recording = new Recording();
        JfrServiceEvents.CLASSES.forEach(each -> recording.enable(each).withoutThreshold().withoutStackTrace());
        recording.setMaxSize(MAX_BYTES);
        recording.setMaxAge(MAX_AGE);
        recording.start();
        return recording;
    }

    @Override
    public final ServiceEvents events() {
        return events;
    }

    @Override
    public final synchronized void snapshot(Path target) throws IOException {
        recording.dump(target);
    }

    /** Begins another recording: the file of a dump has all events since the start of its recording. */
    @Override
    public final synchronized void forget() {
        Recording last = recording;
        recording = started();
        last.close();
    }

    @Override
    public final long lost() {
        return 0;
    }

    @Override
    public final synchronized void close() {
        recording.close();
    }
}
