package io.github.rseq4j.bench.suite;

import io.github.rseq4j.cli.io.CheckedOutput;
import io.github.rseq4j.cli.io.ExitStatus;
import io.github.rseq4j.cli.io.InputException;
import io.github.rseq4j.cli.io.Interrupt;
import io.github.rseq4j.cli.io.Launch;
import io.github.rseq4j.cli.io.OutputFile;
import io.github.rseq4j.cli.io.Progress;
import java.io.FileDescriptor;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;

/** The command {@code rseq4j bench}. */
@Command(name = "rseq4j bench", mixinStandardHelpOptions = true, version = "rseq4j 0.1.0-SNAPSHOT", sortOptions = false,
        description = "Measures each operation beside its peers and its limits, in turns, and compares it with its"
                + " goals.",
        footer = {"", "A run measures all families, in five rounds with 1, 2 and 8 threads, and takes up to an hour."
                + " Ctrl-C prints what was measured.",
            "Exit status: 0 measured, whatever the verdicts; 1 an operation of rseq4j failed; 2 wrong usage; 5 a file"
                + " cannot be written; 130 Ctrl-C."})
public final class BenchCommand implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    @Option(names = "--quick", description = "At most three rounds, with 1 and 2 threads, in less than three minutes;"
            + " without family collect, unless it is named.")
    private boolean isQuick;

    @Option(names = "--json", paramLabel = "FILE", description = "Write all figures, with each iteration.")
    private @Nullable Path json;

    @Option(names = "--html", paramLabel = "FILE", description = "Write a page with a chart for each family.")
    private @Nullable Path html;

    @Option(names = "--figures", hidden = true, arity = "2", paramLabel = "FILE",
            description = "Write the figures of a JSON file into README.md, and measure nothing (scripts/figures).")
    private List<Path> figures = new ArrayList<>();

    @Parameters(paramLabel = "FAMILY", arity = "0..*", description = "A family to measure; by default all.")
    private List<String> names = new ArrayList<>();

    /** How long to measure, or null for what the options ask. */
    private final @Nullable Plan given;

    /** Creates the command. */
    BenchCommand() {
        given = null;
    }

    /** Creates a command that measures by a plan. */
    BenchCommand(Plan plan) {
        given = plan;
    }

    /**
     * Runs the command line, and ends the JVM with its exit status.
     *
     * @param arguments the arguments of the command line
     */
    public static void main(String[] arguments) {
        CheckedOutput out = CheckedOutput.of(FileDescriptor.out);
        CheckedOutput err = CheckedOutput.of(FileDescriptor.err);
        CommandLine line = Launch.prepared(new CommandLine(new BenchCommand())).setOut(out.writer("stdout.encoding"))
                .setErr(err.writer("stderr.encoding"));
        System.exit(Launch.execute(line, out, arguments));
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (!figures.isEmpty()) {
            ReadmeFigures.write(figures.getFirst(), figures.getLast());
            return ExitStatus.OK;
        }
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        List<Family> families = families();
        if (json != null) {
            OutputFile.requireWritable("--json", json);
        }
        if (html != null) {
            OutputFile.requireWritable("--html", html);
            if (json != null && html.toAbsolutePath().normalize().equals(json.toAbsolutePath().normalize())) {
                throw new InputException("--html=" + html + ": is the file of --json too; name another one");
            }
        }
        Machine machine = Machine.current();
        Plan plan = given != null ? given : isQuick ? Plan.quick() : Plan.full();
        Suite suite = new Suite(families, plan);
        try (Interrupt interrupt = new Interrupt(suite::stop);
                Progress progress = Progress.ofSteps("measuring", suite.steps())) {
            suite.measure(what -> progress.add(1, what));
            return interrupt.isRequested() ? ExitStatus.INTERRUPTED : ExitStatus.OK;
        } finally {
            // Also after a failure: the other figures may have taken an hour.
            if (!suite.measurements().isEmpty()) {
                print(Results.of(LocalDate.now(ZoneId.systemDefault()).toString(), machine, plan, suite, families),
                        out);
            }
        }
    }

    private List<Family> families() {
        List<Family> all = Families.all();
        for (String name : names) {
            if (all.stream().noneMatch(family -> family.name().equals(name))) {
                throw new InputException("family=" + name + " is unknown, must be one of "
                        + String.join(", ", all.stream().map(Family::name).toList()));
            }
        }
        return all.stream().filter(family -> names.isEmpty() ? !isQuick || !family.isLong()
                : names.contains(family.name())).toList();
    }

    private void print(Results results, PrintWriter out) {
        TextReport.print(results, out);
        try {
            if (json != null) {
                OutputFile.write("--json", json, to -> to.write(JsonMapper.builder().build()
                        .writerWithDefaultPrettyPrinter().writeValueAsBytes(results)));
            }
        } finally {
            // Also if the other file could not be written.
            if (html != null) {
                OutputFile.write("--html", html, to -> to.write(HtmlReport.of(results)));
            }
        }
    }
}
