package io.github.rseq4j.cli.trace;

import io.github.rseq4j.analysis.ChromeTrace;
import io.github.rseq4j.analysis.Trace;
import io.github.rseq4j.cli.io.OutputFile;
import io.github.rseq4j.cli.io.OutputWriter;
import java.io.IOException;
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

/** {@code trace convert}: writes a trace in another format. */
@Command(name = "convert", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Converts a trace to Chrome's trace event format, which Perfetto and chrome://tracing show.",
        footer = {"", "Slices nest: a span whose end is missing, or comes after the end of the span around it, ends "
            + "before that span. FILE is replaced when it is complete.",
            "Exit status: 0 the whole trace was read, 2 something is wrong with it, or the output cannot be written."})
final class TraceConvertCommand implements Callable<Integer> {
    /** The formats. */
    enum Format {
        /** Chrome's trace event format, JSON. */
        chrome
    }

    @Spec
    private @Nullable CommandSpec spec;

    @Parameters(arity = "1", paramLabel = "DIR", description = "The folder of the trace.")
    private Path folder = Path.of("");

    @Option(names = "--to", required = true, paramLabel = "FORMAT",
            description = "The format: ${COMPLETION-CANDIDATES}.")
    private Format format = Format.chrome;

    @Option(names = "--output", paramLabel = "FILE", description = "The file to write (default: standard output).")
    private @Nullable Path output;

    @Override
    public Integer call() {
        CommandSpec command = Objects.requireNonNull(spec);
        PrintWriter out = command.commandLine().getOut();
        Path file = output;
        try (TraceInput input = new TraceInput(folder)) {
            Trace trace = input.trace();
            if (trace != null && file == null) {
                print(trace, out);
            } else if (trace != null && file != null) {
                OutputFile.write("--output", file, to -> {
                    switch (format) {
                        case chrome -> ChromeTrace.write(trace, to);
                    }
                });
            }
            out.flush();
            return input.finish(command.commandLine().getErr());
        }
    }

    private void print(Trace trace, PrintWriter out) {
        try {
            switch (format) {
                case chrome -> ChromeTrace.write(trace, OutputWriter.json(out));
            }
        } catch (IOException _) {
            // Launch reports the lost output.
            return;
        }
        out.println();
    }
}
