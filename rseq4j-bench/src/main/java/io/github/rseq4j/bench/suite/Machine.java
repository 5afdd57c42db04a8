package io.github.rseq4j.bench.suite;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.github.rseq4j.Rseq;
import io.github.rseq4j.kernel.Architecture;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * The machine that measures.
 *
 * @param processor the processor's name
 * @param architecture the architecture, by the JDK's name
 * @param cpus the CPUs that this process may use
 * @param possibleCpus the possible CPUs, as the kernel lists them
 * @param nodes the NUMA nodes
 * @param isVirtual whether a hypervisor runs the machine
 * @param kernel the kernel's release
 * @param jdk the version of the JDK
 * @param clockSource the kernel's clock source
 * @param load the average load of the minute before the run, or -1 if it is unknown
 * @param engine the engine that runs sections, or why the fallback runs
 */
record Machine(String processor, String architecture, int cpus, String possibleCpus, int nodes,
        @JsonProperty("virtual") boolean isVirtual, String kernel, String jdk, String clockSource, double load,
        String engine) {
    private static final Path CPUS = Path.of("/sys/devices/system/cpu/possible");
    private static final Path NODES = Path.of("/sys/devices/system/node");
    private static final Path CLOCK = Path.of("/sys/devices/system/clocksource/clocksource0/current_clocksource");
    private static final Path CPU_INFO = Path.of("/proc/cpuinfo");
    private static final String UNKNOWN = "unknown";
    private static final int MOST_THREADS = 8;
    private static final double HUNDRED = 100;
    /** The clock sources that are the processor's counter. */
    private static final List<String> COUNTERS = List.of("tsc", "arch_sys_counter");

    /** Describes this machine. A file that cannot be read leaves its fact unknown. */
    static Machine current() {
        List<String> info = lines(CPU_INFO);
        return new Machine(value(info, "model name"), Architecture.hostName(),
                Runtime.getRuntime().availableProcessors(), lines(CPUS).stream().findFirst().orElse(UNKNOWN),
                countNodes(),
                (" " + value(info, "flags") + " ").contains(" hypervisor "),
                System.getProperty("os.version", UNKNOWN), Runtime.version().toString(),
                lines(CLOCK).stream().findFirst().orElse(UNKNOWN),
                Math.round(ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage() * HUNDRED) / HUNDRED,
                describeEngine());
    }

    private static String describeEngine() {
        Rseq.Availability availability = Rseq.availability();
        return availability.available()
                ? "rseq, owner " + availability.owner() + ", index " + availability.index()
                : "fallback: " + availability.reason();
    }

    private static List<String> lines(Path file) {
        try {
            return Files.readAllLines(file);
        } catch (IOException e) {
            return List.of();
        }
    }

    private static String value(List<String> info, String name) {
        return info.stream().filter(line -> line.startsWith(name)).findFirst()
                .map(line -> line.substring(line.indexOf(':') + 1).strip()).orElse(UNKNOWN);
    }

    private static int countNodes() {
        try (Stream<Path> files = Files.list(NODES)) {
            return Math.max(1, (int) files.filter(file -> file.getFileName().toString().matches("node\\d+")).count());
        } catch (IOException | UncheckedIOException e) {
            return 1;
        }
    }

    /** {@return the machine in one line} */
    String text() {
        return processor + ", " + cpus + (cpus == 1 ? " CPU" : " CPUs") + (isVirtual ? ", virtual" : "") + "; Linux "
                + kernel + "; JDK " + jdk + "; clock source " + clockSource + "; load " + load + "; " + engine;
    }

    /** {@return what this machine cannot show, one sentence each} */
    @JsonProperty("cannotShow")
    List<String> cannotShow() {
        List<String> sentences = new ArrayList<>();
        if (cpus < MOST_THREADS) {
            sentences.add("Contention of more than " + cpus + " threads at a time: a machine with " + cpus
                    + " CPUs runs no more. With more threads, times include the waiting for a CPU.");
        }
        if (nodes == 1) {
            sentences.add("Memory of another NUMA node: there is one node.");
        }
        sentences.add("Another architecture: this is " + architecture + ".");
        if (isVirtual) {
            sentences.add("A machine without a hypervisor: other guests take time from this one, and the kernel cannot"
                    + " tell.");
        }
        if (!COUNTERS.contains(clockSource)) {
            sentences.add("Events whose clock is the processor's counter: the kernel's clock source is " + clockSource
                    + ", so the tracer calls System.nanoTime for each event.");
        }
        if (load > cpus / 2.0) {
            sentences.add("A quiet machine: the load was " + load + " when the run began.");
        }
        sentences.add("LTTng-UST, Kieker and OpenTelemetry's agent: they need more than jars. PeersReport and"
                + " AgentReport compare with them (CONTRIBUTING.md).");
        return List.copyOf(sentences);
    }
}
