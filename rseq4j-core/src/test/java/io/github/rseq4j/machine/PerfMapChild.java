package io.github.rseq4j.machine;

import io.github.rseq4j.percpu.PerCpuCounter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A child JVM that counts once, and prints its executable mappings. */
public final class PerfMapChild {
    private PerfMapChild() {}

    /**
     * Runs the child.
     *
     * @param arguments none
     * @throws IOException if the mappings cannot be read
     */
    public static void main(String[] arguments) throws IOException {
        PerCpuCounter counter = new PerCpuCounter();
        counter.increment();
        System.out.println("sum=" + counter.sum());
        for (String line : Files.readAllLines(Path.of("/proc/self/maps"))) {
            if (line.contains(" r-xp ")) {
                System.out.println("range " + line);
            }
        }
    }
}
