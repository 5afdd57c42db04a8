package io.github.rseq4j.trace;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;

/**
 * Records events until it is killed, or for ten seconds. Each thread counts the events whose recording has returned, in
 * a file that is mapped.
 */
final class KilledChild {
    static final int SUB_BUFFER_BYTES = 1 << 14;
    static final int SUB_BUFFERS = 8;
    static final TracerOptions OPTIONS = TracerOptions.defaults().withSubBuffers(SUB_BUFFER_BYTES, SUB_BUFFERS);
    private static final VarHandle LONG = JAVA_LONG.varHandle();

    private KilledChild() {}

    /** Takes the trace's folder, whether it is a flight recorder's, the file of counts, and how many threads. */
    public static void main(String[] arguments) throws IOException {
        Path folder = Path.of(arguments[0]);
        boolean isFlightRecorder = Boolean.parseBoolean(arguments[1]);
        int threads = Integer.parseInt(arguments[3]);
        try (FileChannel file = FileChannel.open(Path.of(arguments[2]), StandardOpenOption.CREATE,
                StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            MemorySegment counts = file.map(MapMode.READ_WRITE, 0, (long) threads * Long.BYTES, Arena.global());
            Tracer tracer = isFlightRecorder ? Tracer.flightRecorder(folder, OPTIONS)
                    : Tracer.streaming(folder, OPTIONS);
            tracer.recording.add(List.of(TracerTest.TWO));
            for (int i = 0; i < threads; i++) {
                int number = i;
                Thread.ofPlatform().daemon().name("recorder " + number).start(() -> count(tracer, number, counts));
            }
            System.out.println("recording");
            sleep();
        }
    }

    private static void count(Tracer tracer, int number, MemorySegment counts) {
        for (long i = 0; ; i++) {
            TracerTest.record(tracer, number, i);
            LONG.setRelease(counts, (long) number * Long.BYTES, i + 1);
        }
    }

    private static void sleep() {
        try {
            Thread.sleep(10_000);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
        Runtime.getRuntime().halt(1);
    }
}
