package io.github.rseq4j.cli.trace;

import io.github.rseq4j.cli.io.Launch;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code trace}: commands that read traces. */
@Command(name = "trace", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Reads traces of rseq4j: folders in the Common Trace Format.",
        subcommands = {TraceViewCommand.class, TraceSummaryCommand.class, TraceConvertCommand.class,
            TraceReportCommand.class, TraceRecoverCommand.class},
        synopsisSubcommandLabel = "COMMAND",
        footer = {"", "DIR is the folder of one run: where a tracer was started again with its folder, the later",
            "runs are in run-2, run-3 and so on below it. Of a damaged trace, or one whose tracer was not",
            "closed, all that is readable is shown; what is wrong is told on the error output, and the exit",
            "status is 2."})
public final class TraceCommand implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        throw Launch.noCommand(Objects.requireNonNull(spec));
    }
}
