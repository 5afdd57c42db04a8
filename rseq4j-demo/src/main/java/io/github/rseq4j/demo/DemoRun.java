package io.github.rseq4j.demo;

import io.github.rseq4j.analysis.Trace;
import io.github.rseq4j.analysis.TraceReport;
import io.github.rseq4j.analysis.text.Printable;
import io.github.rseq4j.cli.demo.ServiceDemo;
import io.github.rseq4j.cli.io.ExitStatus;
import io.github.rseq4j.cli.io.InputException;
import io.github.rseq4j.cli.io.Interrupt;
import io.github.rseq4j.cli.io.OutputFile;
import io.github.rseq4j.demo.load.Documents;
import io.github.rseq4j.demo.load.Load;
import io.github.rseq4j.demo.page.DemoPage;
import io.github.rseq4j.demo.service.SlowRequest;
import io.github.rseq4j.demo.side.Sides;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Runs the service of each side under the same load, and prints and writes what came out. */
public final class DemoRun implements ServiceDemo {
    private static final long TRACE_PAGE_BYTES = 4 << 20;

    /** Creates the demo. Called by ServiceLoader. */
    public DemoRun() {}

    @Override
    public int run(Options options, PrintWriter out) throws IOException, InterruptedException {
        OutputFile.requireWritable("--output", options.output());
        Documents documents = new Documents(options.input());
        try (TemporaryFiles files = new TemporaryFiles()) {
            try {
                return run(options, documents, files, out);
            } catch (IOException | InputException e) {
                if (!files.isEnding()) {
                    throw e;
                }
                // A signal ends this process, and the services with it.
                return ExitStatus.BAD;
            }
        }
    }

    private static int run(Options options, Documents documents, TemporaryFiles files, PrintWriter out)
            throws IOException, InterruptedException {
        try (Load load = new Load(documents); Interrupt _ = new Interrupt(load::stop);
                Contest contest = new Contest(load, files, options.seconds())) {
            DemoReport report = new DemoReport(contest, documents, load, options);
            report.intro(out);
            contest.run();
            report.table(out);
            List<String> differences = contest.differences();
            differences.forEach(each -> out.println("DIFFERS: " + Printable.text(each)));
            out.println(differences.isEmpty() ? "check: the counters, histograms, /metrics and recorders of all sides"
                    + " agree with the client's count" : "check: failed");
            out.flush();
            if (contest.isComplete()) {
                page(options, contest, report, out);
            }
            return !differences.isEmpty() ? ExitStatus.BAD
                    : contest.isComplete() ? ExitStatus.OK : ExitStatus.INTERRUPTED;
        }
    }

    private static void page(Options options, Contest contest, DemoReport report, PrintWriter out) throws IOException {
        SlowRequest slow = slow(contest);
        byte[] trace = slow == null ? new byte[0] : tracePage(Path.of(String.valueOf(slow.snapshot())));
        OutputFile.write("--output", options.output(), to -> DemoPage.write(report.facts(slow), trace, to));
        if (slow != null) {
            out.printf(Locale.ROOT, "slow request: %s took %.1f ms, %.1f of them the wait for the lock; its snapshot is"
                    + " in the report%n", slow.path(), slow.nanos() / 1e6, slow.waitNanos() / 1e6);
        }
        out.println(Printable.name(options.output().toString()) + " has the table, the latencies,"
                + (slow != null ? " the slow request" : "") + " and the machine");
        out.flush();
    }

    /** Returns the slow request of our side whose snapshot was taken last, or null. */
    private static @Nullable SlowRequest slow(Contest contest) {
        return contest.turns(Phase.LATENCY, Sides.RSEQ4J).reversed().stream().map(Turn::slow)
                .filter(each -> each.snapshot() != null).findFirst().orElse(null);
    }

    private static byte[] tracePage(Path snapshot) throws IOException {
        ByteArrayOutputStream page = new ByteArrayOutputStream();
        try (Trace trace = Trace.open(snapshot)) {
            List<String> _ = TraceReport.of(trace).withMaxBytes(TRACE_PAGE_BYTES).write(page);
        }
        return page.toByteArray();
    }
}
