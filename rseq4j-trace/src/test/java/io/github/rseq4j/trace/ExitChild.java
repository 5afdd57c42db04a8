package io.github.rseq4j.trace;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** Records events, and ends without closing the tracer. */
final class ExitChild {
    static final int EVENTS = 1000;

    private ExitChild() {}

    /** Takes the trace's folder. */
    @SuppressWarnings("MustBeClosedChecker")
    public static void main(String[] arguments) throws IOException {
        Tracer tracer = Tracer.streaming(Path.of(arguments[0]));
        tracer.recording.add(List.of(TracerTest.TWO));
        for (int i = 0; i < EVENTS; i++) {
            TracerTest.record(tracer, 0, i);
        }
    }
}
