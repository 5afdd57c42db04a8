package io.github.rseq4j.trace;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.rseq4j.Rseq;
import io.github.rseq4j.trace.common.TraceTime;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where native code cannot record events, the refusal has the reason and the remedy. */
final class NativeRefusalTest {
    /** Starts a sampler, and prints the refusal. */
    static final class Asking {
        private Asking() {}

        /** Takes a folder as its argument. */
        public static void main(String[] arguments) throws Exception {
            try (Tracer tracer = Tracer.flightRecorder(Path.of(arguments[0]))) {
                tracer.sampleCpu(100).close();
                System.out.println("samples");
            } catch (UnsupportedOperationException e) {
                System.out.println(e.getMessage());
            }
        }
    }

    private static void require(String output, String... parts) {
        for (String part : parts) {
            assertTrue(output.contains(part), output);
        }
    }

    @Test
    void refusalNamesThePropertyOrTheKernelsClockSource(@TempDir Path folder) throws Exception {
        require(Child.output(Map.of(), Child.java(List.of("-Drseq4j.registration=never"), Asking.class,
                folder.resolve("never").toString())), "rseq is not available", "rseq4j.registration=never");
        assumeTrue(Rseq.availability().available(), "the other cases need rseq");
        assumeTrue(!TraceTime.isGiven(), "the other cases need the processor's counter");
        require(Child.output(Map.of(), Child.java(List.of("-Drseq4j.trace.clock=monotonic"), Asking.class,
                folder.resolve("asked").toString())), "-Drseq4j.trace.clock=monotonic selects another clock: leave"
                + " it out");
        String file = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
        List<String> plain = Child.java(List.of(), Asking.class, folder.resolve("hidden").toString());
        require(Child.output(Map.of(), Child.unshared("--mount", "mount -t tmpfs tmpfs /sys/devices/system/clocksource"
                + " && exec \"$@\"", plain)), file + " cannot be read", "mount sysfs");
        Path other = folder.resolve("hpet");
        Files.writeString(other, "hpet\n");
        List<String> last = Child.java(List.of(), Asking.class, folder.resolve("other").toString());
        require(Child.output(Map.of(), Child.unshared("--mount", "mount --bind '" + other + "' " + file
                + " && exec \"$@\"", last)), "clock source is hpet, by " + file, "arch_sys_counter, tsc");
    }
}
