package io.github.rseq4j.cli;

import io.github.rseq4j.Rseq;
import io.github.rseq4j.code.AbortProof;
import io.github.rseq4j.code.Chain;
import io.github.rseq4j.kernel.Linux;
import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.engine.NativeEngine;
import io.github.rseq4j.engine.Sections;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;

/** {@code selftest}: the kernel aborts sections for every reason, and every count stays exact in a storm of threads. */
@Command(name = "selftest", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Storms the counters with threads, signals, fences and migrations; proves every count exact.",
        footer = {"", "Exit status: 0 exact, 1 something was lost or counted twice or a cause of abort was never seen,",
            "3 exact, but on the fallback."})
final class SelftestCommand implements Callable<Integer> {
    private static final int EXIT_WRONG = 1;
    private static final int EXIT_FALLBACK = 3;
    private static final int MAX_SECONDS = 86_400;

    @Spec
    private @Nullable CommandSpec spec;

    @Option(names = "--seconds", paramLabel = "N", defaultValue = "5",
            description = "How long the storm lasts, 1 to 86400 (default: ${DEFAULT-VALUE}).")
    private int seconds;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Override
    public Integer call() throws InterruptedException {
        CommandSpec command = Objects.requireNonNull(spec);
        if (seconds < 1 || seconds > MAX_SECONDS) {
            throw new ParameterException(command.commandLine(),
                    "--seconds=" + seconds + ", must be 1 to " + MAX_SECONDS);
        }
        Map<String, Object> report = Engine.get() instanceof NativeEngine engine ? onRseq(engine) : onFallback();
        PrintWriter out = command.commandLine().getOut();
        if (json) {
            out.println(JsonMapper.shared().writerWithDefaultPrettyPrinter().writeValueAsString(report));
        } else {
            print(out, report);
        }
        out.flush();
        boolean passed = Boolean.TRUE.equals(report.get("passed"));
        return !passed ? EXIT_WRONG : Boolean.TRUE.equals(report.get("available")) ? 0 : EXIT_FALLBACK;
    }

    private Map<String, Object> onRseq(NativeEngine engine) throws InterruptedException {
        long[] affinity = Linux.sched_getaffinity(0);
        int[] cpus = cpus(affinity);
        List<AbortProof.Report> proofs = new ArrayList<>();
        AbortProof prover = engine.abortProof();
        for (Chain chain : Sections.all()) {
            proofs.add(prover.prove(chain, System.nanoTime()));
        }
        // A fifth of the time for the causes, a quarter of that each; the storm has the rest.
        long nanos = TimeUnit.SECONDS.toNanos(seconds);
        try (StormSignal signal = new StormSignal(engine)) {
            AbortCauses causes = new AbortCauses(engine, signal, cpus);
            Map<AbortCauses.Cause, Long> seen = causes.run(nanos / 20);
            Storm.Result storm = new Storm(cpus, affinity, signal).run(nanos * 4 / 5);
            boolean all = cpus.length == 1 || seen.values().stream().allMatch(n -> n > 0);
            boolean exact = storm.wrong().isEmpty() && causes.isExact();
            Map<String, Object> report = report(storm, exact, exact && all);
            Map<String, Object> aborts = new LinkedHashMap<>();
            seen.forEach((cause, n) -> aborts.put(cause.name().toLowerCase(Locale.ROOT), n));
            report.put("aborts", aborts);
            report.put("signalsPerSecond", Math.round(storm.signals() / (seconds * 0.8)));
            report.put("proven", proofs.stream().map(p -> Map.of("section", p.chain(), "instructions", p.boundaries(),
                    "aborts", p.aborts())).toList());
            return report;
        }
    }

    private Map<String, Object> onFallback() throws InterruptedException {
        Storm.Result storm = new Storm(new int[0], new long[0], null).run(TimeUnit.SECONDS.toNanos(seconds));
        return report(storm, storm.wrong().isEmpty(), storm.wrong().isEmpty());
    }

    private Map<String, Object> report(Storm.Result storm, boolean exact, boolean passed) {
        Rseq.Availability availability = Rseq.availability();
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("passed", passed);
        report.put("exact", exact);
        report.put("available", availability.available());
        report.put("owner", availability.owner().name());
        report.put("index", availability.index());
        report.put("reason", availability.reason());
        report.put("seconds", seconds);
        report.put("updates", storm.updates());
        report.put("expected", storm.expected());
        report.put("counted", storm.counted());
        report.put("wrong", storm.wrong());
        report.put("signals", storm.signals());
        report.put("affinityFlips", storm.flips());
        report.put("fences", storm.fences());
        return report;
    }

    private static int[] cpus(long[] affinity) {
        List<Integer> cpus = new ArrayList<>();
        for (int cpu = 0; cpu < affinity.length * Long.SIZE; cpu++) {
            if ((affinity[cpu / Long.SIZE] >>> cpu & 1) != 0) {
                cpus.add(cpu);
            }
        }
        return cpus.stream().mapToInt(Integer::intValue).toArray();
    }

    private static void print(PrintWriter out, Map<String, Object> report) {
        report.forEach((key, value) -> {
            if (value instanceof Map<?, ?> map) {
                out.printf("%-18s%s%n", key, String.join(", ",
                        map.entrySet().stream().map(e -> e.getKey() + " " + e.getValue()).toList()));
            } else if (value instanceof List<?> list) {
                list.forEach(element -> out.printf("%-18s%s%n", key, element));
            } else if (!String.valueOf(value).isEmpty()) {
                out.printf("%-18s%s%n", key, value);
            }
        });
    }
}
