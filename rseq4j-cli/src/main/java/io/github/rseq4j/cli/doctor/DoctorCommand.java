package io.github.rseq4j.cli.doctor;

import io.github.rseq4j.Rseq;
import io.github.rseq4j.cli.io.ExitStatus;
import io.github.rseq4j.cli.io.OutputWriter;
import io.github.rseq4j.cli.io.Table;
import io.github.rseq4j.cli.process.Companions;
import io.github.rseq4j.cli.process.LoadedObjects;
import io.github.rseq4j.cli.process.ProcessFiles;
import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.engine.NativeEngine;
import io.github.rseq4j.engine.SelfTest;
import io.github.rseq4j.kernel.Architecture;
import io.github.rseq4j.kernel.Errno;
import io.github.rseq4j.kernel.Linux;
import io.github.rseq4j.kernel.Native;
import io.github.rseq4j.kernel.RawMemory;
import io.github.rseq4j.kernel.RseqArea;
import io.github.rseq4j.registration.Registration;
import io.github.rseq4j.trace.common.TraceTime;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code doctor}: reports whether this JVM can use restartable sequences, and what to do if it cannot. */
@Command(name = "doctor", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Reports whether this machine and JVM can use restartable sequences.",
        footer = {"", "Exit status: 0 usable, 3 the fallback is used."})
public final class DoctorCommand implements Callable<Integer> {
    private static final int NANOS_PER_MICRO = 1000;
    private static final int MORE_TESTS = 20;

    @Spec
    private @Nullable CommandSpec spec;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Override
    public Integer call() {
        Rseq.Availability availability = Rseq.availability();
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        if (json) {
            OutputWriter.print(out, report(availability, processes()));
        } else {
            print(out, availability);
        }
        out.flush();
        return availability.available() ? ExitStatus.OK : ExitStatus.FALLBACK;
    }

    private static String membarrier() {
        if (!Linux.isCallable()) {
            return "not asked";
        }
        int registered = Linux.membarrier(Linux.MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ, 0, 0);
        if (registered < 0) {
            return "refused: registering answered " + Errno.name(-registered);
        }
        int fenced = Linux.membarrier(Linux.MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ, 0, 0);
        return fenced < 0 ? "refused: the fence answered " + Errno.name(-fenced) : "private expedited rseq";
    }

    /** Returns the outcome of the self-test. It tries again for a fence that a busy machine has hidden. */
    private static SelfTest.Outcome selfTest() {
        SelfTest.Outcome outcome = Engine.get().selfTest();
        if (Engine.get() instanceof NativeEngine engine) {
            for (int i = 0; i < MORE_TESTS && outcome.fence() == 0 && !outcome.fenceNote().isEmpty(); i++) {
                outcome = engine.testAgain();
            }
        }
        return outcome;
    }

    /** Returns the state of this thread's time slice extension, which the kernel writes to its area. */
    private static String sliceExtension() {
        if (!(Engine.get() instanceof NativeEngine engine)) {
            return "none";
        }
        int flags = (int) RawMemory.readLong(engine.threadPointer() + engine.registration().offsetBytes()
                + RseqArea.FLAGS);
        return (flags & RseqArea.SLICE_EXT_ENABLED) != 0 ? "enabled"
                : (flags & RseqArea.SLICE_EXT_AVAILABLE) != 0 ? "available" : "none";
    }

    /** Returns what libc says about its registration. */
    private static String libcRegistered() {
        long offset = Native.find("__rseq_offset");
        long size = Native.find("__rseq_size");
        long flags = Native.find("__rseq_flags");
        return offset == 0 || size == 0 ? "without __rseq_offset: it registers no thread"
                : "__rseq_offset " + RawMemory.readLong(offset) + ", __rseq_size " + (int) RawMemory.readLong(size)
                + (flags == 0 ? "" : ", __rseq_flags " + (int) RawMemory.readLong(flags));
    }

    /** Returns the libraries in readable processes that the newest kernels break; no thread is stopped. */
    private static List<Map<String, Object>> processes() {
        Architecture host = Architecture.host();
        List<Map<String, Object>> all = new ArrayList<>();
        if (host == null || !Linux.isCallable()) {
            return all;
        }
        for (int pid : ProcessFiles.processes()) {
            ProcessFiles.Status status = ProcessFiles.status(pid);
            ProcessFiles files = new ProcessFiles(pid);
            if (status == null || status.hasEnded() || files.isOfTheKernel()) {
                continue;
            }
            LoadedObjects objects = new LoadedObjects(files, List.of(pid), host);
            for (Companions.Finding each : new Companions(objects.claims(), List.of(), status.name(),
                    Registration.kernelFeatureBytes()).findings()) {
                Map<String, Object> finding = new LinkedHashMap<>();
                finding.put("pid", pid);
                finding.put("process", status.name());
                finding.put("name", each.name());
                finding.put("what", each.what());
                finding.put("remedy", each.remedy());
                all.add(finding);
            }
        }
        return all;
    }

    private static Map<String, Object> report(Rseq.Availability availability, List<Map<String, Object>> processes) {
        boolean callable = Linux.isCallable();
        SelfTest.Outcome test = selfTest();
        Map<String, Object> aborts = new LinkedHashMap<>();
        aborts.put("fence", test.fence());
        aborts.put("preemption", availability.preemptionAborts());
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("available", availability.available());
        report.put("engine", availability.engine());
        report.put("owner", availability.owner().name());
        report.put("proof", availability.proof());
        report.put("reason", availability.reason());
        report.put("remedy", availability.remedy());
        report.put("index", availability.index());
        report.put("limit", availability.limit());
        report.put("featureSize", callable ? Registration.kernelFeatureBytes() : 0);
        report.put("align", callable ? Registration.kernelAlignBytes() : 0);
        report.put("offset", availability.offsetBytes());
        report.put("registeredLength", availability.registeredBytes());
        report.put("mode", RseqArea.mode(availability.registeredBytes(),
                callable ? Registration.kernelFeatureBytes() : 0));
        report.put("sliceExtension", sliceExtension());
        report.put("libcRegistered", callable ? libcRegistered() : "not asked");
        report.put("processes", processes);
        report.put("membarrier", membarrier());
        report.put("aborts", aborts);
        report.put("selfTestMicros", availability.selfTestNanos() / NANOS_PER_MICRO);
        report.put("note", test.fenceNote());
        report.put("traceClock", TraceTime.isCounter() ? "counter" : "CLOCK_MONOTONIC");
        report.put("traceClockReason", TraceTime.isCounter() ? "" : TraceTime.whyNoCounter());
        report.put("kernel", System.getProperty("os.name") + " " + System.getProperty("os.version"));
        report.put("architecture", Architecture.hostName());
        report.put("libc", Libc.name());
        report.put("jdk", (System.getProperty("java.vendor.version", "") + " " + Runtime.version()).strip());
        return report;
    }

    private static void print(PrintWriter out, Rseq.Availability availability) {
        List<Map<String, Object>> processes = processes();
        Map<String, Object> report = report(availability, processes);
        Table table = new Table("<<");
        table.row("kernel", report.get("kernel") + ", " + report.get("architecture"));
        table.row("libc", report.get("libc") + ", " + report.get("libcRegistered"));
        table.row("JDK", report.get("jdk"));
        table.row("rseq", "feature size " + report.get("featureSize") + ", alignment " + report.get("align"));
        table.row("owner", availability.owner());
        if (availability.available()) {
            table.row("proof", availability.proof());
            table.row("area", "thread pointer " + (availability.offsetBytes() < 0 ? "- " : "+ ")
                    + Math.abs(availability.offsetBytes()) + ", registered length " + availability.registeredBytes());
            table.row("mode", report.get("mode") + (Registration.kernelFeatureBytes() > RseqArea.ORIGINAL_BYTES ? ""
                    : ", the only one of this kernel") + "; time slice extension " + report.get("sliceExtension"));
        }
        table.row("index", availability.index() + ", " + availability.limit() + " possible");
        table.row("membarrier", report.get("membarrier"));
        table.row("aborts", String.valueOf(report.get("aborts")).replaceAll("[{}]", "") + ", in "
                + report.get("selfTestMicros") + " us");
        if (!String.valueOf(report.get("note")).isEmpty()) {
            table.row("note", report.get("note"));
        }
        table.row("clock", "of traces: " + (TraceTime.isCounter() ? "the processor's counter"
                : "CLOCK_MONOTONIC, which takes longer; " + report.get("traceClockReason")));
        for (Map<String, Object> each : processes) {
            table.row("process", each.get("pid") + " (" + each.get("process") + "): " + each.get("name") + " "
                    + each.get("what") + "; remedy: " + each.get("remedy"));
        }
        table.row("verdict", availability.available() ? "usable: structures run on " + availability.engine()
                : "fallback: structures run on " + availability.engine() + ", exact but slower");
        if (!availability.available()) {
            table.row("reason", availability.reason());
            table.row("remedy", availability.remedy());
        }
        table.print(out);
    }
}
