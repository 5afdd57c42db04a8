package io.github.rseq4j.bench.report;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** The CPU time of threads, as the kernel counts it in nanoseconds (Documentation/scheduler/sched-stats.rst). */
final class CpuTime {
    private CpuTime() {}

    /**
     * Adds up the CPU time of some threads of a process that exist now.
     *
     * @param process the number of the process, or "self"
     * @param prefix the first characters of the kernel's names of the threads, which have at most 15 bytes
     */
    static double seconds(String process, String prefix) throws IOException {
        List<Path> threads;
        try (Stream<Path> tasks = Files.list(Path.of("/proc", process, "task"))) {
            threads = tasks.toList();
        }
        double nanos = 0;
        for (Path thread : threads) {
            try {
                if (Files.readString(thread.resolve("comm")).startsWith(prefix)) {
                    nanos += Long.parseLong(Files.readString(thread.resolve("schedstat")).split(" ", 2)[0]);
                }
            } catch (IOException e) {
                if (Files.exists(thread)) {
                    throw e;
                }
                // The thread has ended.
            }
        }
        return nanos / 1e9;
    }
}
