package io.github.rseq4j.cli.trace;

import io.github.rseq4j.analysis.Trace;
import io.github.rseq4j.analysis.TraceReport;
import io.github.rseq4j.analysis.text.Printable;
import io.github.rseq4j.cli.io.InputException;
import io.github.rseq4j.cli.io.OutputFile;
import io.github.rseq4j.cli.io.Progress;
import io.github.rseq4j.trace.layout.TraceFiles;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code trace report}: writes a page of HTML that shows a trace. */
@Command(name = "report", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Writes a page of HTML that shows a trace: a flame chart of its spans, statistics of a selection,"
                + " numeric fields over time, flame graphs, the slowest spans. The page is a single file that loads"
                + " nothing else.",
        footer = {"", "The page has the longest spans one by one, with their arguments, and the others as counts. It "
            + "and the command say what the limit of bytes left out.", "",
            "FILE is replaced when it is complete.",
            "Exit status: 0 the whole trace was read, 4 something is wrong with it or the recording, 5"
            + " the file cannot be written."})
final class TraceReportCommand implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    @Parameters(arity = "1", paramLabel = "DIR", description = "The folder of the trace.")
    private Path folder = Path.of("");

    @Option(names = "--html", required = true, paramLabel = "FILE", description = "The page to write.")
    private Path html = Path.of("");

    @Option(names = "--max-bytes", paramLabel = "BYTES", defaultValue = "" + TraceReport.DEFAULT_MAX_BYTES,
            description = "The most bytes of the page, 2097152 to 268435456 (default ${DEFAULT-VALUE}).")
    private long maxBytes;

    @Option(names = "--jfr", paramLabel = "RECORDING", description = "A recording of JFR or async-profiler, made at the"
            + " same time: its CPU samples with their stacks, and the JVM's events (collections, safepoints, contended"
            + " monitors, pinned virtual threads, waits, input and output) are merged into the page. The default is the"
            + " recording that the agent wrote beside a snapshot, if there is one.")
    private @Nullable Path recording;

    private static TraceReport withRecording(TraceReport report, Path jfr) {
        String name = "--jfr=" + Printable.name(jfr.toString());
        // JFR makes the file at the start of a recording, and writes to it at the end.
        if (jfr.toFile().length() == 0) {
            throw InputException.damaged(name + ": cannot be read as a recording: it is empty, because JFR writes"
                    + " it when the recording ends; end it with `jcmd PID JFR.stop name=NAME filename=FILE`, or write"
                    + " a copy with `jcmd PID JFR.dump filename=FILE`");
        }
        try {
            return report.withRecording(jfr);
        } catch (IOException e) {
            throw InputException.damaged(name + ": cannot be read as a recording: "
                    + Printable.name(String.valueOf(e.getMessage())).replaceFirst("\\.$", "")
                    + "; give a file of `jcmd PID JFR.dump`,"
                    + " of -XX:StartFlightRecording, or of async-profiler with file=NAME.jfr");
        }
    }

    /** Merges the recording that the agent wrote beside a snapshot, if there is one. A fault of it stops nothing. */
    private static TraceReport withEventsBeside(TraceReport report, Path folder, List<String> sentences) {
        Path file = folder.resolve(TraceFiles.JVM_EVENTS);
        if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
            return report;
        }
        try {
            return report.withRecording(file);
        } catch (IOException e) {
            sentences.add("The JVM's events are left out, because " + Printable.name(file.toString())
                    + " cannot be read as a recording: " + Printable.name(String.valueOf(e.getMessage())));
            return report;
        }
    }

    @Override
    public Integer call() {
        CommandSpec command = Objects.requireNonNull(spec);
        PrintWriter out = command.commandLine().getOut();
        if (maxBytes < TraceReport.LEAST_MAX_BYTES || maxBytes > TraceReport.MOST_MAX_BYTES) {
            throw new InputException("--max-bytes=" + maxBytes + ": must be " + TraceReport.LEAST_MAX_BYTES + " to "
                    + TraceReport.MOST_MAX_BYTES);
        }
        Path jfr = recording;
        if (jfr != null && !Files.isReadable(jfr)) {
            throw new InputException("--jfr=" + Printable.name(jfr.toString()) + ": is not a file that can be read");
        }
        try (TraceInput input = new TraceInput(folder)) {
            Trace trace = input.trace();
            List<String> leftOut = new ArrayList<>();
            TraceReport report = trace == null ? null : TraceReport.of(trace).withMaxBytes(maxBytes)
                    .withNotes(input.notes());
            TraceReport merged = report == null ? null : jfr != null ? withRecording(report, jfr)
                    : withEventsBeside(report, folder, leftOut);
            boolean isFile = false;
            try (Progress _ = input.progress()) {
                isFile = merged != null && OutputFile.write("--html", html, to -> leftOut.addAll(merged.write(to)));
            }
            if (isFile) {
                out.println(Printable.name(html.toString()) + " (" + html.toFile().length() + " bytes)");
                leftOut.forEach(sentence -> out.println(sentence + "."));
            }
            out.flush();
            return input.finish(command.commandLine().getErr());
        }
    }
}
