package io.github.rseq4j.trace;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.github.rseq4j.kernel.SharedMemory;
import io.github.rseq4j.trace.ring.RingView;
import io.github.rseq4j.trace.ring.SharedRing;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** Traces, while a thread writes anything to the rings' shared memory as another process of the same user could. */
final class GarbledChild {
    private static final int WRITES = 200_000;
    private static final int LOOKS = 20;

    private GarbledChild() {}

    /** Takes a folder. */
    public static void main(String[] arguments) throws IOException, InterruptedException {
        Path folder = Path.of(arguments[0]);
        garble(Tracer.streaming(folder.resolve("stream"), KilledChild.OPTIONS), null);
        garble(Tracer.flightRecorder(folder.resolve("recorder"), KilledChild.OPTIONS), folder);
        System.out.println("survived");
    }

    private static void garble(Tracer tracer, @Nullable Path folder) throws IOException, InterruptedException {
        AtomicBoolean isEnding = new AtomicBoolean();
        List<Thread> threads = new ArrayList<>();
        tracer.recording.add(List.of(TracerTest.TWO));
        for (int i = 0; i < 2; i++) {
            threads.add(Thread.ofPlatform().start(() -> {
                byte[] text = new byte[600];
                for (long n = 0; !isEnding.get(); n++) {
                    TracerTest.record(tracer, 0, n);
                    tracer.recording.channel().recordBytes(TracerTest.TWO.id(), text, (int) (n % text.length));
                }
            }));
        }
        while (tracer.recording.rings.opened().isEmpty()) {
            Thread.onSpinWait();
        }
        threads.add(Thread.ofPlatform().start(() -> write(tracer)));
        for (int i = 0; i < LOOKS; i++) {
            try {
                if (folder == null) {
                    tracer.flush();
                } else {
                    tracer.snapshot(folder.resolve("snapshot" + i));
                }
            } catch (IOException _) {
                // It says what is wrong: that is its right.
            }
            tracer.stats();
        }
        threads.getLast().join();
        isEnding.set(true);
        for (Thread thread : threads) {
            thread.join();
        }
        tracer.close();
    }

    private static void write(Tracer tracer) {
        SplittableRandom random = new SplittableRandom(1);
        try (Arena arena = Arena.ofConfined()) {
            List<MemorySegment> segments = new ArrayList<>();
            for (RingView ring : tracer.recording.rings.opened()) {
                segments.add(SharedMemory.attach(((SharedRing) ring).id(), SharedRing.DATA + ring.ringBytes(), false,
                        arena));
            }
            for (int i = 0; i < WRITES; i++) {
                MemorySegment segment = segments.get(random.nextInt(segments.size()));
                long at = switch (random.nextInt(4)) {
                    case 0, 1 -> SharedRing.STATE_AT + 8L * random.nextInt(24);
                    case 2 -> SharedRing.DATA + KilledChild.SUB_BUFFER_BYTES * random.nextLong(8)
                            + 8 * random.nextLong(12);
                    default -> 8 * random.nextLong(segment.byteSize() / 8);
                };
                segment.set(JAVA_LONG, at, random.nextInt(3) == 0 ? random.nextInt(1 << 18) : random.nextLong());
            }
        }
    }
}
