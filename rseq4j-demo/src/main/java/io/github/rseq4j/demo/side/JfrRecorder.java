package io.github.rseq4j.demo.side;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import jdk.jfr.Recording;

/** A recording of JFR that has the service's events alone, all of them, and none of the JVM's. */
final class JfrRecorder implements AutoCloseable {
    private static final long MAX_BYTES = 512L << 20;
    private static final Duration MAX_AGE = Duration.ofMinutes(10);

    private Recording recording = started();

    private static Recording started() {
        Recording recording = new Recording();
        JfrServiceEvents.CLASSES.forEach(each -> recording.enable(each).withoutThreshold().withoutStackTrace());
        recording.setMaxSize(MAX_BYTES);
        recording.setMaxAge(MAX_AGE);
        recording.start();
        return recording;
    }

    synchronized void dump(Path target) throws IOException {
        recording.dump(target);
    }

    /** Forgets all events so far: the file of a dump has all since the start of its recording. */
    synchronized void forget() {
        Recording last = recording;
        recording = started();
        last.close();
    }

    @Override
    public synchronized void close() {
        recording.close();
    }
}
