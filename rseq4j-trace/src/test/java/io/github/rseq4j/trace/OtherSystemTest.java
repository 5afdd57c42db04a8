package io.github.rseq4j.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** On another system than Linux a tracer records every event, and no call of Linux is made or prepared. */
final class OtherSystemTest {
    private static final int EVENTS = 1000;
    /** The classes that make calls of the kernel or libc, or machine code. Linux alone is asked whether it is one. */
    private static final String NATIVE =
            "io\\.github\\.rseq4j\\.(kernel\\.(SystemCall|Linux\\$|Native)|machine\\.|provider\\.).*";

    /** Records events to the folder that is its argument. */
    static final class Recording {
        private Recording() {}

        public static void main(String[] arguments) throws IOException, InterruptedException {
            try (Tracer tracer = Tracer.streaming(Path.of(arguments[0]))) {
                tracer.recording.add(List.of(TracerTest.TWO));
                Thread[] threads = new Thread[2];
                for (int t = 0; t < threads.length; t++) {
                    int number = t;
                    threads[t] = Thread.ofPlatform().start(() -> {
                        for (int i = 0; i < EVENTS; i++) {
                            TracerTest.record(tracer, number, i);
                        }
                    });
                }
                for (Thread thread : threads) {
                    thread.join();
                }
            }
            System.out.println("closed");
        }
    }

    @ParameterizedTest
    @CsvSource({"Mac OS X, aarch64", "Windows 11, amd64"})
    void everyEventIsRecorded(String system, String architecture, @TempDir Path folder)
            throws IOException, InterruptedException {
        Path trace = folder.resolve("trace");
        String output = Child.output(Map.of(), Child.java(List.of("-Dos.name=" + system, "-Dos.arch=" + architecture,
                "-Xlog:class+load:stdout:none"), Recording.class, trace.toString()));
        assertTrue(output.contains("closed"), output);
        assertTrue(output.contains("io.github.rseq4j.engine.FallbackEngine source:"), output);
        assertEquals("", output.lines().filter(line -> line.matches(NATIVE)).collect(Collectors.joining("\n")),
                "classes that only Linux needs are not loaded");
        TracerTest.requireNumbers(TracerTest.read(trace, 0), false);
        assertEquals(2 * EVENTS, TracerTest.read(trace, 0).size());
    }
}
