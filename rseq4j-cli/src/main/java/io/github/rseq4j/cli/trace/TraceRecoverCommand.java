package io.github.rseq4j.cli.trace;

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

/** {@code trace recover}: what a tracer left whose process was killed. */
@Command(name = "recover", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Turns what a tracer left that was not closed, because its process was killed or crashed, into"
                + " a whole trace, in its own folder: what was committed to the rings is written behind what was"
                + " streamed.",
        footer = {"", "Exit status: 0 all was recovered, 2 something could not be, and is left as it was."})
final class TraceRecoverCommand implements Callable<Integer> {
    private static final int EXIT_DAMAGED = 2;

    @Spec
    private @Nullable CommandSpec spec;

    @Parameters(arity = "1", paramLabel = "DIR", description = "The folder that the tracer was made with.")
    private Path folder = Path.of("");

    @Override
    public Integer call() {
        CommandSpec command = Objects.requireNonNull(spec);
        PrintWriter out = command.commandLine().getOut();
        PrintWriter err = command.commandLine().getErr();
        if (!Files.isDirectory(folder)) {
            throw new InputException("DIR=" + Printable.name(folder.toString())
                    + ": is no folder; give the one that the tracer was made with");
        }
        try {
            TraceRecovery.Report report = TraceRecovery.recover(folder);
            out.println(String.format(Locale.ROOT, "%,d packets of %,d bytes recovered from %,d rings; %,d events had"
                    + " found no room, %,d sub-buffers were torn", report.packets(), report.bytes(), report.rings(),
                    report.discarded(), report.torn()));
            out.flush();
            report.problems().forEach(problem -> err.println("rseq4j: " + Printable.text(folder + "/" + problem)));
            TraceInput.runs(folder).ifPresent(runs -> err.println("rseq4j: " + Printable.text(folder + ": "
                    + runs.replace("shown", "recovered"))));
            err.flush();
            return report.problems().isEmpty() ? 0 : EXIT_DAMAGED;
        } catch (IOException e) {
            throw new InputException("DIR=" + Printable.text(folder + ": " + where(e) + RegularFile.why(e)));
        }
    }

    /** Returns the path in the folder of the file that cannot be used, where it is not the folder itself. */
    private String where(IOException e) {
        String named = e instanceof FileSystemException f ? f.getFile() : null;
        Path file = Path.of(named == null ? "" : named);
        return named == null || file.equals(folder) ? ""
                : (file.startsWith(folder) ? folder.relativize(file) : file) + ": ";
    }
}
