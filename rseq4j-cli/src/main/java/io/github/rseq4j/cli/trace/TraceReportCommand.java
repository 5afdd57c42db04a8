package io.github.rseq4j.cli.trace;

import io.github.rseq4j.analysis.Trace;
import io.github.rseq4j.analysis.TraceReport;
import io.github.rseq4j.analysis.text.Printable;
import io.github.rseq4j.cli.io.OutputFile;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code trace report}: a page that shows a trace. */
@Command(name = "report", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Writes a page that shows a trace: timelines of CPUs and threads, rates, events, latencies. It is"
                + " one file, and loads nothing.",
        footer = {"", "A page has at most 48 MiB: up to 20,000 events one by one, if they are at most 8 MiB of text,",
            "else their counts over time; the 5,000 longest of what begins and ends; 512 CPUs; 200 threads and",
            "200 names of events over time, and one for all others; the 1,000 most frequent events in the table.",
            "FILE is replaced when it is whole.",
            "Exit status: 0 all was read, 2 something is wrong with the trace, or the file cannot be written."})
final class TraceReportCommand implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    @Parameters(arity = "1", paramLabel = "DIR", description = "The folder of the trace.")
    private Path folder = Path.of("");

    @Option(names = "--html", required = true, paramLabel = "FILE", description = "The page to write.")
    private Path html = Path.of("");

    @Override
    public Integer call() {
        CommandSpec command = Objects.requireNonNull(spec);
        PrintWriter out = command.commandLine().getOut();
        try (TraceInput input = new TraceInput(folder)) {
            Trace trace = input.trace();
            if (trace != null && OutputFile.write("--html", html, to -> TraceReport.write(trace, input.notes(), to))) {
                out.println(Printable.name(html.toString()) + " (" + html.toFile().length() + " bytes)");
            }
            out.flush();
            return input.finish(command.commandLine().getErr());
        }
    }
}
