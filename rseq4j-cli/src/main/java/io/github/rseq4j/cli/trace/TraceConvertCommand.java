package io.github.rseq4j.cli.trace;

import io.github.rseq4j.analysis.ChromeTrace;
import io.github.rseq4j.analysis.Trace;
import io.github.rseq4j.analysis.text.Printable;
import io.github.rseq4j.cli.io.InputException;
import io.github.rseq4j.cli.io.OutputFile;
import io.github.rseq4j.cli.io.OutputWriter;
import io.github.rseq4j.cli.io.Progress;
import io.github.rseq4j.trace.ctf.TraceCopy;
import io.github.rseq4j.trace.ctf.TraceFormat;
import io.github.rseq4j.trace.file.RegularFile;
import java.io.IOException;
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

/** {@code trace convert}: writes a trace in another format. */
@Command(name = "convert", mixinStandardHelpOptions = true, sortOptions = false,
        description = {"Converts a trace to Chrome's trace event format, which Perfetto and chrome://tracing show,"
            + " to the other version of the Common Trace Format, or to a tree of Parquet files."},
        footer = {"", "ctf2 and ctf1.8 copy the packets as they are to a new folder, and write the metadata in CTF 2 or"
            + " CTF 1.8. Packets with a problem are left out.",
            "parquet adds the runs of all DIRs to the tree: events, spans, open_spans and samples have the folders"
            + " host=/date=/provider=, typed event= too, and threads, packets and hosts host=/date= alone. A run that"
            + " is there is replaced. docs/trace-sql.md has the columns.",
            "Slices of chrome nest: a span whose end is missing, or comes after the end of the span around it, ends "
            + "before that span. FILE is replaced when it is complete.",
            "Exit status: 0 the whole trace was read, 4 something is wrong with it, 5 the output cannot be written."})
final class TraceConvertCommand implements Callable<Integer> {
    /** The formats. */
    enum Format {
        /** Chrome's trace event format, JSON. */
        CHROME("chrome"),
        /** The Common Trace Format 2. */
        CTF_2("ctf2"),
        /** The Common Trace Format 1.8. */
        CTF_1_8("ctf1.8"),
        /** A tree of Parquet files. */
        PARQUET("parquet");

        private final String spelling;

        Format(String spelling) {
            this.spelling = spelling;
        }

        /** Returns the name that the user writes. */
        @Override
        public String toString() {
            return spelling;
        }
    }

    @Spec
    private @Nullable CommandSpec spec;

    @Parameters(arity = "1..*", paramLabel = "DIR",
            description = "The folder of the trace; for parquet of one trace or several.")
    private List<Path> folders = List.of();

    @Option(names = "--to", required = true, paramLabel = "FORMAT",
            description = "The format: ${COMPLETION-CANDIDATES}.")
    private Format format = Format.CHROME;

    @Option(names = "--output", paramLabel = "PATH", description = "The file to write (default: standard output); for"
            + " ctf2 and ctf1.8 the folder, which must not hold a trace; for parquet the folder of the tree.")
    private @Nullable Path output;

    @Option(names = "--host", paramLabel = "NAME",
            description = "The name of the host, for parquet (default: the host name in the trace).")
    private @Nullable String host;

    @Override
    public Integer call() {
        CommandSpec command = Objects.requireNonNull(spec);
        PrintWriter out = command.commandLine().getOut();
        Path file = output;
        if (format == Format.PARQUET) {
            if (file == null) {
                throw new InputException("--to=parquet: needs --output with the folder of the tree");
            }
            return ParquetConversion.run(folders, host, file, out, command.commandLine().getErr());
        }
        if (folders.size() != 1 || host != null) {
            throw new InputException("--to=" + format + ": takes one DIR, and no --host");
        }
        Path folder = folders.getFirst();
        try (TraceInput input = new TraceInput(folder)) {
            Trace trace = input.trace();
            if (format == Format.CTF_2 || format == Format.CTF_1_8) {
                copy(folder, input);
            } else if (trace != null && file == null) {
                input.stoppable();
                print(trace, out);
            } else if (trace != null && file != null) {
                try (Progress _ = input.progress()) {
                    OutputFile.write("--output", file, to -> ChromeTrace.write(trace, to));
                }
            }
            out.flush();
            return input.finish(command.commandLine().getErr());
        }
    }

    private void copy(Path folder, TraceInput input) {
        Path target = output;
        if (target == null) {
            throw new InputException("--to=" + format + ": needs --output with the folder of the new trace");
        }
        if (input.trace() == null) {
            return;
        }
        try {
            input.report(TraceCopy.copy(folder, input.isRunning(), target,
                    format == Format.CTF_2 ? TraceFormat.CTF_2 : TraceFormat.CTF_1_8));
        } catch (IOException e) {
            throw InputException.cannot("--output=" + Printable.name(target.toString()) + ": cannot be written: "
                    + RegularFile.why(e));
        }
    }

    private void print(Trace trace, PrintWriter out) {
        try {
            ChromeTrace.write(trace, OutputWriter.json(out));
        } catch (IOException _) {
            // Launch reports the lost output.
            return;
        }
        out.println();
    }
}
