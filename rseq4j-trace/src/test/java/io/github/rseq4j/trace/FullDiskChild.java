package io.github.rseq4j.trace;

import io.github.rseq4j.kernel.Linux;
import io.github.rseq4j.trace.ctf.TraceReader;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Traces on a file system of a few megabytes, and fills it. It prints lines of the form key=value. */
final class FullDiskChild {
    private static final long LONGEST_NANOS = 60_000_000_000L;
    private static final long RING_PAUSE_MILLIS = 1_100;
    private static final int KEPT_BYTES = 1 << 21;
    private static final int BLOCK = 1 << 12;
    private static final int LATER = 1000;
    private static final TracerOptions OPTIONS = TracerOptions.defaults().withSubBuffers(1 << 14, 8);

    private FullDiskChild() {}

    /** Takes where the file system is. */
    public static void main(String[] arguments) throws IOException, InterruptedException {
        Path disk = Path.of(arguments[0]);
        refuses(disk);
        streams(disk);
        makesRingsLater(disk);
    }

    private static void print(String key, Object value) {
        System.out.println(key + "=" + value);
    }

    /** Writes a file until it is so long, or the disk is full. */
    private static Path fill(Path file, long bytes) {
        byte[] block = new byte[BLOCK];
        try (OutputStream output = Files.newOutputStream(file)) {
            for (long left = bytes; left > 0; left -= BLOCK) {
                output.write(block);
            }
        } catch (IOException _) {
            // The disk is full: that was asked for.
        }
        return file;
    }

    private static void refuses(Path disk) throws IOException {
        Path filler = fill(disk.resolve("filler"), Long.MAX_VALUE);
        Path folder = disk.resolve("refused");
        try (Tracer tracer = Tracer.streaming(folder, OPTIONS)) {
            print("refused", "no: " + tracer.stats());
        } catch (IOException e) {
            print("refused", e);
        }
        print("left", Files.exists(folder.resolve(TracerFolder.RINGS)) || Files.exists(folder.resolve("metadata")));
        Files.delete(filler);
        Tracer tracer = Tracer.streaming(folder, OPTIONS);
        try (tracer) {
            tracer.recording.add(List.of(TracerTest.TWO));
            TracerTest.record(tracer, 0, 0);
        }
        print("again", read(folder, false) + tracer.stats().failures());
    }

    /** Returns how many events there are, or with those that the packets count as discarded. */
    private static long read(Path folder, boolean withDiscarded) {
        try (TraceReader reader = new TraceReader(folder)) {
            long events = 0;
            while (reader.next() != null) {
                events++;
            }
            reader.problems().forEach(problem -> print("problem", problem));
            return events + (withDiscarded
                    ? reader.counts().stream().mapToLong(TraceReader.StreamCounts::discarded).sum() : 0);
        }
    }

    private static void streams(Path disk) throws IOException {
        Path filler = fill(disk.resolve("filler"), KEPT_BYTES);
        Path folder = disk.resolve("trace");
        long emitted = 0;
        TracerStats full;
        Tracer tracer = Tracer.streaming(folder, OPTIONS);
        try (tracer) {
            tracer.recording.add(List.of(TracerTest.TWO));
            long until = System.nanoTime() + LONGEST_NANOS;
            while ((tracer.stats().failures() == 0 || tracer.stats().discarded() == 0) && System.nanoTime() < until) {
                TracerTest.record(tracer, 0, emitted++);
            }
            full = tracer.stats();
            Files.delete(filler);
            tracer.flush();
            for (int i = 0; i < LATER; i++) {
                TracerTest.record(tracer, 0, emitted++);
            }
        }
        print("failures", full.failures() > 0);
        print("failure", String.valueOf(full.lastFailure()));
        print("discarded", full.discarded() > 0);
        print("lost", tracer.stats().lost());
        print("emitted", emitted);
        print("counted", read(folder, true));
        print("rings", Files.exists(folder.resolve(TracerFolder.RINGS)));
        print("kept", read(folder, false) > LATER);
    }

    /** The disk is full when the thread comes to another CPU: no ring can be made there, until there is room again. */
    private static void makesRingsLater(Path disk) throws IOException, InterruptedException {
        long[] allowed = Linux.sched_getaffinity(0);
        int first = Long.numberOfTrailingZeros(allowed[0]);
        int second = Long.numberOfTrailingZeros(allowed[0] & -2L << first);
        if (second == Long.SIZE) {
            print("cpus", 1);
            return;
        }
        Path folder = disk.resolve("later");
        Linux.sched_setaffinity(0, first);
        Tracer tracer = Tracer.streaming(folder, OPTIONS);
        try (tracer) {
            tracer.recording.add(List.of(TracerTest.TWO));
            TracerTest.record(tracer, 0, 0);
            Path filler = fill(disk.resolve("filler"), Long.MAX_VALUE);
            Linux.sched_setaffinity(0, second);
            for (int i = 0; i < LATER; i++) {
                TracerTest.record(tracer, 0, 1);
            }
            TracerStats stats = tracer.stats();
            print("lostLater", stats.lost());
            print("triedLater", stats.failures());
            print("ringsLater", tracer.recording.rings.opened().size());
            Files.delete(filler);
            Thread.sleep(RING_PAUSE_MILLIS);
            TracerTest.record(tracer, 0, 2);
            print("ringsThen", tracer.recording.rings.opened().size());
        }
        print("eventsThen", read(folder, true));
    }
}
