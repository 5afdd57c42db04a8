package io.github.rseq4j.trace;

import io.github.rseq4j.trace.ring.RingView;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * Records events, flushes, records more, and prints the reason for which a kill would lose them. Then it ends as if it
 * were killed; or it makes its streams unwritable, closes the tracer, and prints the number of lost events.
 */
final class UnsharedChild {
    static final int FLUSHED = 100;
    static final int MORE = 50;

    private UnsharedChild() {}

    /** Takes a folder, and optionally "close", which closes the tracer. */
    public static void main(String[] arguments) throws IOException {
        Tracer tracer = Tracer.streaming(Path.of(arguments[0]), KilledChild.OPTIONS.withFlushInterval(
                Duration.ofHours(1)));
        tracer.recording.add(List.of(TracerTest.TWO));
        for (int i = 0; i < FLUSHED; i++) {
            TracerTest.record(tracer, 0, i);
        }
        tracer.flush();
        for (int i = 0; i < MORE; i++) {
            TracerTest.record(tracer, 0, FLUSHED + i);
        }
        System.out.println(tracer.stats().lostOnKill());
        if (arguments.length > 1) {
            for (RingView ring : tracer.recording.rings.opened()) {
                Path stream = tracer.folder().resolve("channel_" + ring.index());
                Files.deleteIfExists(stream);
                Files.createDirectories(stream.resolve("in the way"));
            }
            tracer.close();
            System.out.println("lost=" + tracer.stats().lost());
        }
        Runtime.getRuntime().halt(0);
    }
}
