package io.github.rseq4j.cli.trace;

import io.github.rseq4j.cli.io.ExitStatus;
import io.github.rseq4j.cli.io.InputException;
import io.github.rseq4j.analysis.text.Printable;
import io.github.rseq4j.trace.TraceRecovery;
import io.github.rseq4j.trace.file.RegularFile;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code trace recover}: completes the trace of a process that was killed. */
@Command(name = "recover", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Completes the trace of a tracer that was not closed because its process was killed or crashed:"
                + " writes the content of its rings after the events that were streamed, in the same folder.",
        footer = {"", "Exit status: 0 everything was recovered, 4 something could not be recovered and is unchanged,"
            + " 5 there is nothing to recover, or the folder cannot be used."})
final class TraceRecoverCommand implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    @Parameters(arity = "1", paramLabel = "DIR", description = "The folder with which the tracer was made.")
    private Path folder = Path.of("");

    @Override
    public Integer call() {
        CommandSpec command = Objects.requireNonNull(spec);
        PrintWriter out = command.commandLine().getOut();
        PrintWriter err = command.commandLine().getErr();
        if (!Files.isDirectory(folder)) {
            throw new InputException("DIR=" + Printable.name(folder.toString())
                    + ": is not a folder; give the folder with which the tracer was made");
        }
        try {
            TraceRecovery.Report report = TraceRecovery.recover(folder);
            out.println(String.format(Locale.ROOT, "%,d packets of %,d bytes recovered from %,d rings; %,d events were"
                    + " discarded, %,d sub-buffers were torn", report.packets(), report.bytes(), report.rings(),
                    report.discarded(), report.torn()));
            out.flush();
            report.problems().forEach(problem -> err.println("rseq4j: " + Printable.text(folder + "/" + problem)));
            TraceInput.runs(folder).ifPresent(runs -> err.println("rseq4j: " + Printable.text(folder + ": "
                    + runs.replace("shown", "recovered"))));
            err.flush();
            return report.problems().isEmpty() ? ExitStatus.OK : ExitStatus.DAMAGED;
        } catch (IOException e) {
            throw InputException.cannot("DIR=" + Printable.text(folder + ": " + where(e) + RegularFile.why(e)));
        }
    }

    /** Returns the path, relative to the folder, of the file that cannot be used; empty for the folder itself. */
    private String where(IOException e) {
        String named = e instanceof FileSystemException f ? f.getFile() : null;
        Path file = Path.of(named == null ? "" : named);
        return named == null || file.equals(folder) ? ""
                : (file.startsWith(folder) ? folder.relativize(file) : file) + ": ";
    }
}
