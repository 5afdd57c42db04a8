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

/** {@code trace report}: writes a page of HTML that shows a trace. */
@Command(name = "report", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Writes a page of HTML that shows a trace: timelines of CPUs and threads, rates, events, spans."
                + " The page is a single file that loads nothing else.",
        footer = {"", "A page has at most 48 MiB. It shows up to 20,000 events one by one, if they have at most 8 MiB "
            + "of text, and larger traces as counts over time; the 5,000 longest spans; up to 512 CPUs, 200 threads "
            + "and 200 names of events, and all others together; and a table of the 1,000 most frequent events.", "",
            "FILE is replaced when it is complete.",
            "Exit status: 0 the whole trace was read, 2 something is wrong with it, or the file cannot be written."})
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
