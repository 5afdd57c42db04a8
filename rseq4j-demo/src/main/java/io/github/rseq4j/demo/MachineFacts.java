package io.github.rseq4j.demo;

import io.github.rseq4j.analysis.text.Printable;
import io.github.rseq4j.cli.demo.ServiceDemo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Map;
import org.HdrHistogram.Histogram;
import org.eclipse.jetty.util.Jetty;
import tools.jackson.databind.json.JsonMapper;

/** The facts of the machine and of the run, for the page. */
final class MachineFacts {
    private static final Path CPUS = Path.of("/proc/cpuinfo");
    private static final Path MEMORY = Path.of("/proc/meminfo");
    private static final Path CLOCK = Path.of("/sys/devices/system/clocksource/clocksource0/current_clocksource");

    private MachineFacts() {}

    static Map<String, Object> of(ServiceDemo.Options options, String engine) {
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("date", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
        facts.put("command", Printable.name("rseq4j demo" + (options.input() == null ? ""
                : " --input " + options.input()) + " --seconds " + options.seconds() + " --output "
                + options.output()));
        facts.put("processor", line(CPUS, "model name"));
        facts.put("CPUs of this process", Runtime.getRuntime().availableProcessors());
        facts.put("memory", line(MEMORY, "MemTotal"));
        facts.put("kernel", System.getProperty("os.name") + " " + System.getProperty("os.version"));
        facts.put("clock source", line(CLOCK, ""));
        facts.put("JDK", System.getProperty("java.vm.vendor") + " " + System.getProperty("java.runtime.version"));
        facts.put("options of the JVMs", Printable.name(String.join(" ", ServiceProcess.options())));
        facts.put("per-CPU structures", Printable.text(engine));
        facts.put("libraries", "Jetty " + Jetty.VERSION + ", Jackson " + JsonMapper.shared().version() + ", H2 "
                + version("org.h2.Driver") + ", HdrHistogram " + version(Histogram.class.getName()) + ", Micrometer "
                + version("io.micrometer.core.instrument.Counter"));
        return facts;
    }

    /** Returns the version in the manifest of a class's jar. */
    private static String version(String name) {
        try {
            Class<?> type = Class.forName(name, false, MachineFacts.class.getClassLoader());
            String version = type.getModule().getDescriptor() != null
                    ? type.getModule().getDescriptor().rawVersion().orElse(null)
                    : type.getPackage().getImplementationVersion();
            return version == null ? "?" : version;
        } catch (ClassNotFoundException e) {
            return "?";
        }
    }

    /** Returns the value of the first line of a file of the kernel that begins with a name. */
    private static String line(Path file, String name) {
        try {
            return Files.readString(file).lines().filter(line -> line.startsWith(name)).findFirst()
                    .map(line -> line.substring(line.indexOf(':') + 1).strip()).orElse("unknown");
        } catch (IOException e) {
            return "unknown";
        }
    }
}
