package io.github.rseq4j.cli.demo;

import io.github.rseq4j.analysis.text.Printable;
import io.github.rseq4j.cli.io.ExitStatus;
import io.github.rseq4j.cli.io.InputException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.ServiceLoader;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code demo}: a service on per-CPU structures beside the same service on their peers; or a count of bytes. */
@Command(name = "demo", mixinStandardHelpOptions = true, sortOptions = false,
        description = {"Runs a service (HTTP on virtual threads, JSON, a database, metrics, a flight recorder) on"
            + " per-CPU structures, and the same service on the"
            + " JDK's and on Micrometer's parts, under the same load in turns."
            + " Prints a table of both, checks all totals against the client's count, and writes a page with the"
            + " table, the latencies, and the timeline of a slow request. All is on the loopback interface.", "",
            "With --bytes: counts the byte values and lines of files with many virtual threads, in per-CPU counters, in"
            + " LongAdders and in an AtomicLongArray. Compares their speed, and checks all counts against one thread."},
        footer = {"", "Ctrl-C prints the rounds that are complete, and writes no page; with --bytes it prints nothing.",
            "Exit status: 0 all counts agree; 1 a count differs; 2 an option cannot be used or a path cannot be read;"
            + " 5 the page cannot be written, or a service cannot be started; 130 Ctrl-C."})
public final class DemoCommand implements Callable<Integer> {
    static final int DEFAULT_SECONDS = 15;
    static final int MIN_SECONDS = 2;
    static final int MAX_SECONDS = 600;
    private static final String DEFAULT_OUTPUT = "report.html";

    @Spec
    private @Nullable CommandSpec spec;

    @Option(names = "--input", paramLabel = "DIR", description = "The JSON documents that the clients send: the files"
            + " *.json of this folder and its subfolders, of at most 1 MiB each (default: documents on the JDK's"
            + " modules, time zones and locales, made at the start).")
    private @Nullable Path input;

    @Option(names = "--seconds", paramLabel = "N", description = "The time of load for each of the three sides,"
            + " " + MIN_SECONDS + " to " + MAX_SECONDS + " (default " + DEFAULT_SECONDS + ").")
    private @Nullable Integer seconds;

    @Option(names = "--output", paramLabel = "FILE", description = "The page to write (default " + DEFAULT_OUTPUT
            + "). It is replaced when it is complete.")
    private @Nullable Path output;

    @Option(names = "--bytes", description = "Counts bytes instead.")
    private boolean isBytes;

    @Parameters(arity = "0..*", paramLabel = "PATH", description = "With --bytes: files or folders (default: the JDK's"
            + " lib/modules).")
    private List<Path> paths = List.of();

    private final List<Supplier<ByteCount>> contestants;
    private final Supplier<@Nullable ServiceDemo> service;

    /** Creates the command. Called by picocli. */
    public DemoCommand() {
        this(ByteDemo.peers(), () -> ServiceLoader.load(ServiceDemo.class).findFirst().orElse(null));
    }

    /**
     * Creates the command with other parts, for tests.
     *
     * @param contestants make a contestant of the count of bytes for each round
     * @param service finds the demo of the service, or null
     */
    DemoCommand(List<Supplier<ByteCount>> contestants, Supplier<@Nullable ServiceDemo> service) {
        this.contestants = List.copyOf(contestants);
        this.service = service;
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        CommandLine line = Objects.requireNonNull(spec).commandLine();
        PrintWriter out = line.getOut();
        if (isBytes) {
            if (input != null || seconds != null || output != null) {
                throw new InputException("--bytes: takes no --input, --seconds or --output; name files to count as"
                        + " PATH");
            }
            return new ByteDemo(contestants).run(paths, out);
        }
        if (!paths.isEmpty()) {
            throw new InputException("path=" + Printable.name(paths.getFirst().toString()) + ": is for --bytes; give"
                    + " --bytes to count bytes, or --input=DIR for documents");
        }
        int length = Objects.requireNonNullElse(seconds, DEFAULT_SECONDS);
        if (length < MIN_SECONDS || length > MAX_SECONDS) {
            throw new InputException("--seconds=" + length + ": must be " + MIN_SECONDS + " to " + MAX_SECONDS);
        }
        ServiceDemo found = service.get();
        if (found == null) {
            throw new InputException("the demo of the service is in module io.github.rseq4j.demo, which is not here;"
                    + " start it by the launcher, ./rseq4j demo");
        }
        int exit = found.run(new ServiceDemo.Options(input, length,
                Objects.requireNonNullElse(output, Path.of(DEFAULT_OUTPUT))), out);
        if (exit == ExitStatus.INTERRUPTED) {
            line.getErr().println("rseq4j: stopped by Ctrl-C: these are the complete rounds, and no page is written");
        }
        return exit;
    }
}
