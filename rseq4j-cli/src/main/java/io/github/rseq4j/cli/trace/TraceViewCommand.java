package io.github.rseq4j.cli.trace;

import io.github.rseq4j.analysis.EventText;
import io.github.rseq4j.analysis.Trace;
import io.github.rseq4j.analysis.TraceThreads;
import io.github.rseq4j.cli.io.InputException;
import io.github.rseq4j.cli.io.OutputWriter;
import io.github.rseq4j.trace.ctf.TraceEvent;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code trace view}: prints the events of a trace in the order of time, one a line. */
@Command(name = "view", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Prints the events of a trace in the order of time.",
        footer = {"", "TIME is an instant such as 2026-11-24T12:00:00.5Z, or a time since the first event: 1.5s, 20ms, "
            + "300us, 7ns.", "Exit status: 0 the whole trace was read, 4 something is wrong with it.",
            "--follow ends with 4 if the tracer was killed. It follows one run, not later runs in run-2 and so on."})
final class TraceViewCommand implements Callable<Integer> {
    private static final double MAX_DELAY_SECONDS = 3600;
    private static final double NANOS_PER_SECOND = 1e9;

    @Spec
    private @Nullable CommandSpec spec;

    @Parameters(arity = "1", paramLabel = "DIR", description = "The folder of the trace.")
    private Path folder = Path.of("");

    @Option(names = "--event", paramLabel = "GLOB",
            description = "Only events whose name matches; * stands for any characters, ? for one. May be repeated.")
    private List<String> globs = List.of();

    @Option(names = "--cpu", paramLabel = "N", description = "Only events of this CPU index.")
    private @Nullable Integer cpu;

    @Option(names = "--from", paramLabel = "TIME", description = "Only events at or after this time.")
    private @Nullable String from;

    @Option(names = "--to", paramLabel = "TIME", description = "Only events before this time.")
    private @Nullable String to;

    @Option(names = "--json", description = "Print one JSON object for each event, one a line.")
    private boolean json;

    @Option(names = "--follow",
            description = "Print new events as the tracer writes them, until it is closed or killed.")
    private boolean isFollowing;

    @Option(names = "--delay", paramLabel = "SECONDS", description = "With --follow, the age at which an event is"
            + " printed. Events are in the order of time if it exceeds the tracer's flush interval (default:"
            + " ${DEFAULT-VALUE}).")
    private double delaySeconds = 1.5;

    private @Nullable EventText text;
    private @Nullable TraceThreads described;

    @Override
    public Integer call() {
        CommandSpec command = Objects.requireNonNull(spec);
        PrintWriter out = command.commandLine().getOut();
        TraceFilter filter = new TraceFilter(globs, cpu, from, to);
        try (TraceInput input = new TraceInput(folder).stoppable()) {
            Trace trace = input.trace();
            if (trace != null) {
                try {
                    print(trace, filter, json ? OutputWriter.json(out) : OutputWriter.text(out), input);
                } catch (IOException _) {
                    // Launch reports the lost output.
                }
            }
            out.flush();
            return input.finish(command.commandLine().getErr());
        }
    }

    private void print(Trace trace, TraceFilter filter, OutputWriter out, TraceInput input) throws IOException {
        if (isFollowing) {
            if (!(delaySeconds >= 0 && delaySeconds <= MAX_DELAY_SECONDS)) {
                throw new InputException("--delay=" + delaySeconds + ": must be 0 to " + MAX_DELAY_SECONDS);
            }
            Duration delay = Duration.ofNanos(Math.round(delaySeconds * NANOS_PER_SECOND));
            new TraceFollower(trace, input, delay).run(event -> print(event, trace, filter, out), out);
            return;
        }
        for (TraceEvent event = trace.next(); event != null; event = trace.next()) {
            print(event, trace, filter, out);
        }
    }

    private void print(TraceEvent event, Trace trace, TraceFilter filter, OutputWriter out) throws IOException {
        if (filter.accepts(event, trace.clock())) {
            EventText form = text;
            // A trace that is followed gets other threads and a more exact clock.
            if (form == null || described != trace.threads()) {
                form = new EventText(trace);
                text = form;
                described = trace.threads();
            }
            if (json) {
                form.json(event, out);
                out.write("\n");
            } else {
                form.line(event, out);
                out.write(System.lineSeparator());
            }
        }
    }
}
