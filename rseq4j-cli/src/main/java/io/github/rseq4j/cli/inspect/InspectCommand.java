package io.github.rseq4j.cli.inspect;

import io.github.rseq4j.analysis.text.Printable;
import io.github.rseq4j.cli.io.OutputWriter;
import io.github.rseq4j.cli.io.Table;
import io.github.rseq4j.cli.process.Ptrace.RseqConfiguration;
import io.github.rseq4j.cli.process.PtraceSession;
import io.github.rseq4j.kernel.Linux;
import io.github.rseq4j.kernel.RseqArea;
import io.github.rseq4j.registration.Registration;
import java.io.PrintWriter;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code inspect}: prints the rseq registration of every thread of a process, and the owner of each area. */
@Command(name = "inspect", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Prints the rseq registration of every thread of a process, and the likely owner of each area.",
        footer = {"", "Each thread is stopped for some 100 microseconds, and then continues unchanged. The command "
            + "needs the right to trace the process, and Linux 5.13.",
            "Exit status: 0 the process was inspected, 2 there is no such process, or it may not be traced, 5 this"
            + " machine or another tracer forbids it."})
public final class InspectCommand implements Callable<Integer> {
    private static final String[] HEADINGS = {"TID", "NAME", "AREA", "SIZE", "MODE", "SIGNATURE", "FLAGS", "CPU",
        "MM_CID", "NODE", "OFFSET", "OWNER"};
    private static final List<String> REGISTRATION =
            List.of("area", "size", "mode", "signature", "flags", "cpu", "mmCid", "node", "offset");
    private static final String NOTHING = "-";

    @Spec
    private @Nullable CommandSpec spec;

    @Parameters(arity = "1", paramLabel = "PID", description = "The process.")
    private int pid;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Override
    public Integer call() throws InterruptedException {
        Inspection.Report report = Inspection.of(pid);
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        if (json) {
            OutputWriter.print(out, object(report));
        } else {
            print(out, report);
        }
        out.flush();
        return 0;
    }

    private static Map<String, Object> object(Inspection.Report report) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("pid", report.pid());
        object.put("name", report.name());
        object.put("libc", report.libc());
        object.put("libcRegisteredLength", report.libcBytes());
        object.put("libcMode", mode(report.libcBytes()));
        object.put("findings", report.findings().stream().map(each -> Map.of("name", each.name(), "what", each.what(),
                "remedy", each.remedy())).toList());
        object.put("threads", report.threads().stream().map(InspectCommand::object).toList());
        object.put("counts", counts(report));
        object.put("medianStopMicros", stopMicros(report, report.stopsNanos().size() / 2));
        object.put("longestStopMicros", stopMicros(report, report.stopsNanos().size() - 1));
        return object;
    }

    private static Map<String, Object> object(Inspection.Inspected thread) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("tid", thread.tid());
        object.put("name", thread.name());
        object.put("registered", thread.seen() == null ? null : (Boolean) thread.isRegistered());
        Map<String, Object> registration = thread.isRegistered() ? registration(Objects.requireNonNull(thread.seen()))
                : Map.of();
        for (String key : REGISTRATION) {
            object.put(key, registration.get(key));
        }
        object.put("owner", thread.owner().kind().spelling());
        object.put("detail", thread.owner().detail());
        return object;
    }

    private static Map<String, Object> registration(PtraceSession.Seen seen) {
        RseqConfiguration configuration = seen.registration();
        Map<String, Object> values = new HashMap<>();
        values.put("area", "0x" + Long.toHexString(configuration.area()));
        values.put("size", Integer.toUnsignedLong(configuration.sizeBytes()));
        values.put("mode", mode(Integer.toUnsignedLong(configuration.sizeBytes())));
        values.put("signature", String.format("0x%08x", configuration.signature()));
        values.put("flags", Integer.toUnsignedLong(configuration.flags()));
        values.put("cpu", field(seen, RseqArea.CPU_ID));
        if (hasMmCid()) {
            values.put("mmCid", field(seen, RseqArea.MM_CID));
            values.put("node", field(seen, RseqArea.NODE_ID));
        }
        values.put("offset", seen.distance());
        return values;
    }

    private static String mode(long registeredBytes) {
        return RseqArea.mode(registeredBytes, Registration.kernelFeatureBytes());
    }

    /** Tells whether this kernel maintains node_id and mm_cid. */
    private static boolean hasMmCid() {
        return Linux.getauxval(Linux.AT_RSEQ_FEATURE_SIZE) >= RseqArea.MM_CID_FEATURE_BYTES;
    }

    private static @Nullable Integer field(PtraceSession.Seen seen, int offset) {
        return offset + Integer.BYTES > seen.area().length ? null
                : (Integer) ByteBuffer.wrap(seen.area()).order(ByteOrder.nativeOrder()).getInt(offset);
    }

    private static Map<String, Integer> counts(Inspection.Report report) {
        Map<String, Integer> counts = new LinkedHashMap<>();
        counts.put("threads", report.threads().size());
        counts.put("registered", (int) report.threads().stream().filter(Inspection.Inspected::isRegistered).count());
        for (Owners.Kind kind : Owners.Kind.values()) {
            counts.put(kind.spelling(),
                    (int) report.threads().stream().filter(t -> t.owner().kind() == kind).count());
        }
        counts.put("exited", report.exited());
        return counts;
    }

    private static void print(PrintWriter out, Inspection.Report report) {
        out.println("process " + report.pid() + " (" + Printable.name(report.name()) + ")");
        out.println("libc    " + Printable.text(report.libc()) + (report.libcBytes() == 0 ? ""
                : "; " + report.libcBytes() + " bytes are registered, mode " + mode(report.libcBytes())));
        out.println();
        Table table = new Table("<".repeat(HEADINGS.length), HEADINGS);
        report.threads().forEach(thread -> table.row(row(thread)));
        table.print(out);
        out.println();
        Set<String> details = new LinkedHashSet<>();
        report.threads().forEach(t -> details.add(t.owner().kind().spelling() + ": "
                + Printable.text(t.owner().detail())));
        details.forEach(out::println);
        report.findings().forEach(each -> out.println(Printable.text(each.name()) + " " + each.what() + "; remedy: "
                + each.remedy()));
        out.println(summary(report));
    }

    private static Object[] row(Inspection.Inspected thread) {
        List<Object> row = new ArrayList<>();
        Map<String, Object> object = object(thread);
        row.add(thread.tid());
        row.add(Printable.name(thread.name()));
        for (String key : REGISTRATION) {
            row.add(Objects.requireNonNullElse(object.get(key), NOTHING));
        }
        row.add(thread.owner().kind().spelling());
        return row.toArray();
    }

    private static String summary(Inspection.Report report) {
        Map<String, Integer> counts = counts(report);
        List<String> owners = new ArrayList<>();
        for (Owners.Kind kind : Owners.Kind.values()) {
            if (kind != Owners.Kind.NONE && counts.getOrDefault(kind.spelling(), 0) > 0) {
                owners.add(kind.spelling() + " " + counts.get(kind.spelling()));
            }
        }
        return report.threads().size() + (report.threads().size() == 1 ? " thread, " : " threads, ")
                + counts.get("registered") + " registered"
                + (owners.isEmpty() ? "" : " (" + String.join(", ", owners) + ")")
                + (report.exited() == 0 ? "" : ", " + report.exited() + " ended meanwhile")
                + (report.stopsNanos().isEmpty() ? "" : "; stopped for "
                + stopMicros(report, report.stopsNanos().size() / 2) + " us each (median), at most "
                + stopMicros(report, report.stopsNanos().size() - 1) + " us");
    }

    private static long stopMicros(Inspection.Report report, int place) {
        return report.stopsNanos().isEmpty() ? 0 : TimeUnit.NANOSECONDS.toMicros(report.stopsNanos().get(place));
    }
}
