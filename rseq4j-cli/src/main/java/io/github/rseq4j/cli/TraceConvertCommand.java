package io.github.rseq4j.cli;

import io.github.rseq4j.trace.ctf.TraceDescription;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code trace convert}: a trace in another format. */
@Command(name = "convert", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Converts a trace to trace events of Chrome, which Perfetto and chrome://tracing show.",
        footer = {"", "Exit status: 0 all was read, 2 something is wrong with the trace, or the file cannot be",
            "written."})
final class TraceConvertCommand implements Callable<Integer> {
    /** The formats that there are. */
    enum Format {
        /** Trace events of Chrome, JSON. */
        chrome
    }

    @Spec
    private @Nullable CommandSpec spec;

    @Parameters(arity = "1", paramLabel = "DIR", description = "The folder of the trace.")
    private Path folder = Path.of("");

    @Option(names = "--to", required = true, paramLabel = "FORMAT",
            description = "The format: ${COMPLETION-CANDIDATES}.")
    private Format format = Format.chrome;

    @Option(names = "--output", paramLabel = "FILE", description = "The file to write (default: the output).")
    private @Nullable Path output;

    @Override
    public Integer call() {
        CommandSpec command = Objects.requireNonNull(spec);
        PrintWriter out = command.commandLine().getOut();
        Path file = output;
        try (TraceInput input = new TraceInput(folder)) {
            TraceDescription trace = input.description();
            if (trace != null && file == null) {
                write(trace, input, out);
                out.println();
            } else if (trace != null && file != null) {
                try (Writer writer = Files.newBufferedWriter(file)) {
                    write(trace, input, writer);
                } catch (IOException e) {
                    throw new InputException("--output=" + file + ": cannot be written: " + e);
                }
            }
            out.flush();
            return input.finish(command.commandLine().getErr());
        }
    }

    private void write(TraceDescription trace, TraceInput input, Writer writer) {
        switch (format) {
            case chrome -> ChromeTrace.write(trace, input, writer);
        }
    }
}
