package io.github.rseq4j.cli.selftest;

import io.github.rseq4j.Rseq;
import io.github.rseq4j.cli.io.EmittedSections;
import io.github.rseq4j.cli.io.ExitStatus;
import io.github.rseq4j.cli.io.Interrupt;
import io.github.rseq4j.cli.io.OutputWriter;
import io.github.rseq4j.cli.io.Progress;
import io.github.rseq4j.cli.io.Table;
import io.github.rseq4j.cli.selftest.storm.Rounds;
import io.github.rseq4j.cli.selftest.storm.StormSignal;
import io.github.rseq4j.cli.selftest.storm.Weather;
import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.engine.NativeEngine;
import io.github.rseq4j.ir.Chain;
import io.github.rseq4j.kernel.Linux;
import io.github.rseq4j.proof.AbortProof;
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

/** {@code selftest}: has the kernel abort sections for every cause, and checks structures in storms of threads. */
@Command(name = "selftest", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Has the kernel abort every section at every instruction. Then runs storms: many threads update "
            + "counters, locks, lists and buffers, disturbed by signals, fences and migrations. Checks that every "
            + "count is exact.",
        footer = {"", "Exit status: 0 exact, 1 an update was lost or counted twice, or a cause of aborts was never "
            + "seen, 3 exact, but on the fallback, 130 Ctrl-C was pressed: the proof or storm that runs is "
            + "ended first, and the results until then are printed."})
public final class SelftestCommand implements Callable<Integer> {
    private static final int MAX_SECONDS = 86_400;
    private static final int MAX_MINUTES = 1_440;
    private static final long SOAK_CAUSE_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long MIN_SLICE_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long MAX_SLICE_NANOS = TimeUnit.SECONDS.toNanos(10);

    @Spec
    private @Nullable CommandSpec spec;

    @Option(names = "--seconds", paramLabel = "N", defaultValue = "5",
            description = "The duration of the test, 1 to 86400 (default: ${DEFAULT-VALUE}).")
    private int seconds;

    @Option(names = "--soak", paramLabel = "MINUTES", description =
            "Repeat all storms for this time, 1 to 1440, and print a line of progress for each round.")
    private @Nullable Integer soak;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    private @Nullable Interrupt stopping;
    private volatile @Nullable Weather weather;

    @Override
    public Integer call() throws InterruptedException {
        CommandSpec command = Objects.requireNonNull(spec);
        check(command);
        Map<String, Object> report;
        try (Interrupt interrupt = new Interrupt(this::stop)) {
            stopping = interrupt;
            report = Engine.get() instanceof NativeEngine engine ? onRseq(engine) : onFallback();
        }
        PrintWriter out = command.commandLine().getOut();
        if (json) {
            OutputWriter.print(out, report);
        } else {
            print(out, report);
        }
        out.flush();
        if (isStopped()) {
            command.commandLine().getErr().println("rseq4j: stopped by Ctrl-C: these are the results until then");
            return Boolean.TRUE.equals(report.get("exact")) ? ExitStatus.INTERRUPTED : ExitStatus.BAD;
        }
        boolean passed = Boolean.TRUE.equals(report.get("passed"));
        return !passed ? ExitStatus.BAD
                : Boolean.TRUE.equals(report.get("available")) ? ExitStatus.OK : ExitStatus.FALLBACK;
    }

    /** Ends the storms. Called at Ctrl-C. */
    private void stop() {
        Weather running = weather;
        if (running != null) {
            running.stop();
        }
    }

    private boolean isStopped() {
        return stopping != null && stopping.isRequested();
    }

    private void check(CommandSpec command) {
        if (seconds < 1 || seconds > MAX_SECONDS) {
            throw new ParameterException(command.commandLine(),
                    "--seconds=" + seconds + ", must be 1 to " + MAX_SECONDS);
        }
        Integer minutes = soak;
        if (minutes == null) {
            return;
        }
        if (minutes < 1 || minutes > MAX_MINUTES) {
            throw new ParameterException(command.commandLine(), "--soak=" + minutes + ", must be 1 to " + MAX_MINUTES);
        }
        if (command.commandLine().getParseResult().hasMatchedOption("--seconds")) {
            throw new ParameterException(command.commandLine(), "--soak=" + minutes + " and --seconds=" + seconds
                    + " both give the duration, use one of them");
        }
        seconds = Math.toIntExact(TimeUnit.MINUTES.toSeconds(minutes));
    }

    private Map<String, Object> onRseq(NativeEngine engine) throws InterruptedException {
        long start = System.nanoTime();
        long[] affinity = Linux.sched_getaffinity(0);
        int[] cpus = cpus(affinity);
        List<AbortProof.Report> proofs = new ArrayList<>();
        AbortProof prover = engine.proofs().own();
        List<Chain> chains = EmittedSections.all();
        try (Progress progress = Progress.ofSteps("selftest", chains.size())) {
            for (int i = 0; i < chains.size() && !isStopped(); i++) {
                progress.add(1, chains.get(i).name());
                proofs.add(prover.prove(chains.get(i), System.nanoTime()));
            }
        }
        // The four causes get a fifth of the time, the storms get the rest.
        long nanos = TimeUnit.SECONDS.toNanos(seconds);
        try (StormSignal signal = new StormSignal(engine)) {
            AbortCauses causes = new AbortCauses(engine, signal, cpus);
            Map<AbortCauses.Cause, Long> seen = causes.run(soak == null ? nanos / 20 : SOAK_CAUSE_NANOS,
                    this::isStopped);
            long spent = System.nanoTime() - start;
            Rounds rounds = run(new Weather(cpus, affinity, signal), soak == null ? nanos * 4 / 5 : nanos - spent);
            boolean all = !isStopped() && (cpus.length == 1 || seen.values().stream().allMatch(n -> n > 0));
            boolean exact = rounds.wrong().isEmpty() && causes.isExact();
            Map<String, Object> report = report(rounds, exact, exact && all);
            Map<String, Object> aborts = new LinkedHashMap<>();
            seen.forEach((cause, n) -> aborts.put(cause.name().toLowerCase(Locale.ROOT), n));
            report.put("aborts", aborts);
            report.put("signalsPerSecond", rounds.signalsPerSecond());
            report.put("proven", proofs.stream().map(p -> Map.of("section", p.chain(), "instructions", p.boundaries(),
                    "aborts", p.aborts(), "overlapping", p.overlapping(), "skipped", p.skipped())).toList());
            return report;
        }
    }

    private Map<String, Object> onFallback() throws InterruptedException {
        Rounds rounds = run(Weather.calm(), TimeUnit.SECONDS.toNanos(seconds));
        return report(rounds, rounds.wrong().isEmpty(), rounds.wrong().isEmpty() && !isStopped());
    }

    /** Runs each storm once, or several rounds of all storms. */
    private Rounds run(Weather disturbances, long nanos) throws InterruptedException {
        Rounds rounds = new Rounds(disturbances);
        weather = disturbances;
        if (isStopped()) {
            disturbances.stop();
        }
        if (soak == null) {
            try (Progress progress = Progress.ofSteps("storms", rounds.storms())) {
                rounds.once(nanos, storm -> progress.add(1, storm));
            }
        } else {
            // A long soak has some hundred rounds; a storm lasts 1 to 10 s in each.
            long each = Math.clamp(nanos / 1000, MIN_SLICE_NANOS, MAX_SLICE_NANOS);
            rounds.until(nanos, each, Objects.requireNonNull(spec).commandLine().getErr());
        }
        return rounds;
    }

    private Map<String, Object> report(Rounds rounds, boolean exact, boolean passed) {
        Rseq.Availability availability = Rseq.availability();
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("passed", passed);
        report.put("exact", exact);
        if (isStopped()) {
            report.put("interrupted", true);
        }
        report.put("available", availability.available());
        report.put("owner", availability.owner().name());
        report.put("index", availability.index());
        report.put("reason", availability.reason());
        report.put("seconds", seconds);
        report.put("rounds", rounds.rounds());
        rounds.report(report);
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
        Table table = new Table("<<");
        report.forEach((key, value) -> {
            if (key.equals("passed") && report.containsKey("interrupted")) {
                // The test has not come to its end, so it has neither passed nor failed.
                return;
            }
            if (value instanceof Map<?, ?> map) {
                table.row(key, String.join(", ",
                        map.entrySet().stream().map(e -> e.getKey() + " " + e.getValue()).toList()));
            } else if (value instanceof List<?> list) {
                list.forEach(element -> table.row(key, element));
            } else if (!String.valueOf(value).isEmpty()) {
                table.row(key, value);
            }
        });
        table.print(out);
    }
}
