package io.github.rseq4j.trace;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;

/** Traces on a file system that writes each block anew, while it is being filled. */
final class CowDiskChild {
    private static final int EVENTS = 200_000;
    private static final TracerOptions OPTIONS = TracerOptions.defaults().withSubBuffers(1 << 16, 16)
            .withFlushInterval(Duration.ofMillis(100));

    private CowDiskChild() {}

    /** Takes where the file system is, and whether its files share their blocks with copies. */
    public static void main(String[] arguments) throws IOException, InterruptedException {
        Path root = Path.of(arguments[0]);
        Tracer tracer = Tracer.streaming(root.resolve("t"), OPTIONS);
        try (tracer) {
            tracer.recording.add(List.of(TracerTest.TWO));
            record(tracer);
            run("sync", "-f", root.toString());
            if (Boolean.parseBoolean(arguments[1])) {
                run("cp", "-r", "--reflink=always", root.resolve("t").toString(), root.resolve("backup").toString());
            }
            byte[] junk = new byte[1 << 16];
            new Random(1).nextBytes(junk);
            for (int i = 0; i < 3; i++) {
                try (OutputStream out = Files.newOutputStream(root.resolve("junk" + i))) {
                    while (true) {
                        out.write(junk, 0, i == 0 ? junk.length : 1 << 12);
                    }
                } catch (IOException _) {
                    run("sync", "-f", root.toString());
                }
            }
            record(tracer);
        }
        System.out.println("went on on " + Files.getFileStore(root).type() + ", " + tracer.stats());
    }

    private static void record(Tracer tracer) throws InterruptedException {
        for (int i = 0; i < EVENTS; i++) {
            TracerTest.record(tracer, 0, i);
            if (i % 10_000 == 0) {
                Thread.sleep(10);
            }
        }
    }

    private static void run(String... command) throws IOException, InterruptedException {
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD).start()
                .waitFor();
    }
}
