package io.github.rseq4j.cli.trace;

import io.github.rseq4j.cli.io.Launch;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code trace}: reads traces. */
@Command(name = "trace", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Reads traces of rseq4j: folders in the Common Trace Format.",
        subcommands = {TraceViewCommand.class, TraceSummaryCommand.class, TraceConvertCommand.class,
            TraceReportCommand.class, TraceSqlCommand.class, TraceRecoverCommand.class},
        synopsisSubcommandLabel = "COMMAND",
        footer = {"", "DIR is the folder of one run. If a tracer was started again with the same folder, the later "
            + "runs are in its folders run-2, run-3 and so on.", "",
            "If a trace is damaged, or its tracer was not closed, the commands show everything that is readable, "
            + "describe the problems on the error output, and end with status 4."})
public final class TraceCommand implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        throw Launch.noCommand(Objects.requireNonNull(spec));
    }
}
