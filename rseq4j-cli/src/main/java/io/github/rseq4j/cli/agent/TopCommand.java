package io.github.rseq4j.cli.agent;

import io.github.rseq4j.agent.table.MethodRow;
import io.github.rseq4j.agent.table.MethodTableReader;
import io.github.rseq4j.agent.table.TableException;
import io.github.rseq4j.cli.io.ExitStatus;
import io.github.rseq4j.cli.io.InputException;
import io.github.rseq4j.cli.io.OutputWriter;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code top}: shows the methods that the agent traces in a process, by calls and durations. */
@Command(name = "top", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Shows the calls of the methods that the agent traces in a process.",
        footer = {"", "On a terminal the table is refreshed in place, and keys operate it: h lists them. Elsewhere a"
            + " table is printed each interval, until the process ends.",
            "The command reads memory that the agent shares with processes of the same user. The process does nothing"
            + " for that.",
            "Exit status: 0 the table was shown, also if Ctrl-C ended it on a terminal, 2 there is no such process, or"
            + " no agent is in it, 4 the table is damaged."})
public final class TopCommand implements Callable<Integer> {
    private static final double LEAST_SECONDS = 0.1;
    private static final double MOST_SECONDS = 86_400;

    @Spec
    private @Nullable CommandSpec spec;

    @Parameters(arity = "1", paramLabel = "PID", description = "The process.")
    private long pid;

    @Option(names = "--json", description = "Print one JSON array of all methods, with their calls since the agent was"
            + " attached, and end.")
    private boolean json;

    @Option(names = "--sort", paramLabel = "COLUMN", defaultValue = "total",
            description = "Sort by ${COMPLETION-CANDIDATES}; ${DEFAULT-VALUE} by default.")
    private MethodSort sort = MethodSort.total;

    @Option(names = "--filter", paramLabel = "GLOB", defaultValue = "", description = "Show only methods whose"
            + " CLASS::METHOD matches a glob of * and ?, or has a text without them as a part.")
    private String filter = "";

    @Option(names = "--interval", paramLabel = "SECONDS", defaultValue = "2",
            description = "The time between two readings; ${DEFAULT-VALUE} by default.")
    private double interval;

    @Option(names = "--once", description = "Print one table and end.")
    private boolean isOnce;

    @Option(names = "--since-attach", description = "Begin with the calls since the agent was attached, not with those"
            + " of the last interval.")
    private boolean isSinceAttach;

    @Override
    public Integer call() throws IOException, InterruptedException {
        CommandSpec command = Objects.requireNonNull(spec);
        if (!(interval >= LEAST_SECONDS && interval <= MOST_SECONDS)) {
            throw new ParameterException(command.commandLine(), "interval=" + interval + ": must be " + LEAST_SECONDS
                    + " to " + (long) MOST_SECONDS + " seconds");
        }
        PrintWriter out = command.commandLine().getOut();
        try (MethodTableReader reader = MethodTableReader.open(pid)) {
            if (json) {
                printJson(out, reader);
                return 0;
            }
            TopRows rows = new TopRows(reader, sort, MethodFilter.of(filter), isSinceAttach);
            return watch(rows, out, command.commandLine().getErr());
        } catch (TableException e) {
            throw new InputException(e.getMessage());
        }
    }

    private void printJson(PrintWriter out, MethodTableReader reader) throws TableException {
        MethodFilter selected = MethodFilter.of(filter);
        OutputWriter.print(out, reader.read().rows().stream().filter(selected::matches).sorted(sort.order())
                .map(TopCommand::object).toList());
        out.flush();
    }

    private static Map<String, Object> object(MethodRow row) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("class", row.className());
        object.put("method", row.method());
        object.put("descriptor", row.descriptor());
        object.put("mode", row.mode());
        object.put("calls", row.calls());
        object.put("totalNanos", row.totalNanos());
        object.put("p50Nanos", row.p50Nanos());
        object.put("p99Nanos", row.p99Nanos());
        object.put("maxNanos", row.maxNanos());
        return object;
    }

    /** Shows tables until the user or the process ends that. */
    private int watch(TopRows rows, PrintWriter out, PrintWriter err) throws IOException, InterruptedException {
        long nanos = (long) (interval * TimeUnit.SECONDS.toNanos(1));
        try {
            if (isOnce || System.console() == null || !System.console().isTerminal()) {
                print(rows, out, nanos);
                return 0;
            }
            try (Terminal terminal = TerminalBuilder.builder().system(true).dumb(true).graphemeCluster(false).build()) {
                if (terminal.getType().startsWith(Terminal.TYPE_DUMB)) {
                    print(rows, out, nanos);
                } else {
                    new TopScreen(terminal, pid, rows, nanos).run();
                }
            }
            return 0;
        } catch (TableException e) {
            err.println("rseq4j: " + e.getMessage());
            return e.isEnd() ? ExitStatus.OK : ExitStatus.DAMAGED;
        }
    }

    private void print(TopRows rows, PrintWriter out, long intervalNanos) throws TableException, InterruptedException {
        boolean isFirst = true;
        do {
            if (!isOnce || !isSinceAttach) {
                TimeUnit.NANOSECONDS.sleep(intervalNanos);
                rows.readAgain();
            }
            if (!isFirst) {
                out.println();
            }
            isFirst = false;
            List<TopRows.Shown> called = rows.rows().stream().filter(shown -> shown.row().calls() > 0).toList();
            out.println("pid " + pid + ", " + rows.period() + ": " + rows.methods() + " methods, " + called.size()
                    + " called"
                    + (rows.whyCopied().isEmpty() ? "" : "; slower, and new once a second: " + rows.whyCopied()));
            TopText.lines(called, Integer.MAX_VALUE, rows.sort()).forEach(out::println);
            // A reader that has closed the pipe ends the command.
        } while (!out.checkError() && !isOnce);
    }
}
