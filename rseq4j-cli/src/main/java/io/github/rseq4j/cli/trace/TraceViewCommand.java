package io.github.rseq4j.cli.trace;

import io.github.rseq4j.cli.io.Printable;
import io.github.rseq4j.trace.ctf.TraceClock;
import io.github.rseq4j.trace.ctf.TraceDescription;
import io.github.rseq4j.trace.ctf.TraceEvent;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.core.JsonGenerator;

/** {@code trace view}: the events of a trace in the order of time, as lines. */
@Command(name = "view", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Prints the events of a trace in the order of time.",
        footer = {"", "TIME is an instant as 2026-11-24T12:00:00.5Z, or since the first event: 1.5s, 20ms, 300us, 7ns.",
            "Exit status: 0 all was read, 2 something is wrong with the trace."})
final class TraceViewCommand implements Callable<Integer> {
    private static final int ASK_MASK = (1 << 12) - 1;

    @Spec
    private @Nullable CommandSpec spec;

    @Parameters(arity = "1", paramLabel = "DIR", description = "The folder of the trace.")
    private Path folder = Path.of("");

    @Option(names = "--event", paramLabel = "GLOB",
            description = "Only events of such a name; * and ? stand for characters. May be given again.")
    private List<String> globs = List.of();

    @Option(names = "--cpu", paramLabel = "N", description = "Only events of this CPU index.")
    private @Nullable Integer cpu;

    @Option(names = "--from", paramLabel = "TIME", description = "Only events at this time and later.")
    private @Nullable String from;

    @Option(names = "--to", paramLabel = "TIME", description = "Only events before this time.")
    private @Nullable String to;

    @Option(names = "--json", description = "Print an object of JSON for each event, one a line.")
    private boolean json;

    @Override
    public Integer call() {
        CommandSpec command = Objects.requireNonNull(spec);
        PrintWriter out = command.commandLine().getOut();
        TraceFilter filter = new TraceFilter(globs, cpu, from, to);
        try (TraceInput input = new TraceInput(folder);
                JsonGenerator objects = Printable.json().writer().withRootValueSeparator("").createGenerator(out)) {
            TraceDescription trace = input.description();
            long read = 0;
            if (trace != null) {
                for (TraceEvent event = input.next(); event != null; event = input.next()) {
                    if (filter.accepts(event, trace.clock())) {
                        print(out, objects, event, trace.clock(), input.threads());
                    }
                    // Who closed the other end of a pipe wants no more. It flushes, so it is asked now and then.
                    if ((++read & ASK_MASK) == 0 && isLost(out, objects)) {
                        break;
                    }
                }
            }
            objects.flush();
            out.flush();
            return input.finish(command.commandLine().getErr());
        }
    }

    private void print(PrintWriter out, JsonGenerator objects, TraceEvent event, TraceClock clock,
            TraceThreads threads) {
        if (json) {
            objects.writePOJO(EventText.object(event, clock, threads));
            objects.writeRaw('\n');
        } else {
            EventText.line(event, clock, threads, Integer.MAX_VALUE, out::append);
            out.println();
        }
    }

    private static boolean isLost(PrintWriter out, JsonGenerator objects) {
        objects.flush();
        return out.checkError();
    }
}
