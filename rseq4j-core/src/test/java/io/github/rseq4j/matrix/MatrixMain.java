package io.github.rseq4j.matrix;

import io.github.rseq4j.Rseq;
import io.github.rseq4j.engine.StormChild;
import io.github.rseq4j.kernel.Native;
import io.github.rseq4j.kernel.RawMemory;
import io.github.rseq4j.kernel.RseqArea;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.engine.support.descriptor.ClassSource;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;
import org.junit.platform.launcher.listeners.TestExecutionSummary;

/** Runs the tests that need no tool on another machine or libc, and prints the results in one line. */
public final class MatrixMain {
    private static final String BASE = "io.github.rseq4j.";
    private static final List<String> TESTS = List.of("RseqTest", "engine.NativeEngineKernelTest",
            "engine.CodeMemoryKernelTest", "engine.AbortProofKernelTest",
            "trace.ring.RingSectionsKernelTest", "trace.cpu.NativeEventsKernelTest",
            "memory.CellsTest", "memory.RangesTest", "percpu.PerCpuCounterTest", "percpu.PerCpuDoubleCounterTest",
            "percpu.PerCpuCountersTest",
            "histogram.HistogramBucketsTest", "percpu.PerCpuItemsTest", "percpu.PerCpuItemsRobustTest",
            "percpu.PerCpuItemsThreadsTest");
    /** The tests of all structures, for machines with hundreds of CPUs. */
    private static final List<String> STRUCTURES = List.of("RseqTest", "engine.NativeEngineKernelTest",
            "percpu.PerCpuCounterTest", "percpu.PerCpuDoubleCounterTest",
            "percpu.PerCpuCountersTest", "percpu.FusedCountersTest", "percpu.PerCpuHistogramTest",
            "percpu.PerCpuDoubleHistogramTest", "percpu.PerCpuStackTest", "percpu.PerCpuByteStackTest",
            "percpu.PerCpuRingTest", "percpu.PerCpuByteRingTest", "percpu.PerCpuPoolTest", "percpu.PerCpuLockTest",
            "percpu.PerCpuLockKernelTest", "percpu.PerCpuItemsTest", "percpu.PerCpuItemsRobustTest",
            "percpu.PerCpuItemsThreadsTest", "percpu.PerCpuItemsKernelTest");
    /** The test for machines on which the tests of all structures take hours: emulated ones, and thousands of CPUs. */
    private static final List<String> BRIEF = List.of("percpu.EveryStructureTest");
    private static final String STORM_THREADS = "500";
    private static final String BRIEF_STORM_THREADS = "64";

    private MatrixMain() {}

    /**
     * Runs the tests, and a storm where sections run.
     *
     * @param arguments none, or {@code structures} for the tests of all structures instead, or {@code brief} for one
     *     test of all structures
     * @throws Exception when a test cannot be run
     */
    public static void main(String[] arguments) throws Exception {
        System.setProperty("rseq4j.matrix", "true");
        Rseq.Availability found = Rseq.availability();
        SummaryGeneratingListener listener = new SummaryGeneratingListener();
        LauncherDiscoveryRequestBuilder request = LauncherDiscoveryRequestBuilder.request();
        boolean isBrief = List.of(arguments).contains("brief");
        for (String test : isBrief ? BRIEF : arguments.length == 0 ? TESTS : STRUCTURES) {
            request.selectors(DiscoverySelectors.selectClass(BASE + test));
        }
        LauncherFactory.create().execute(request.build(), listener, new Durations());
        TestExecutionSummary summary = listener.getSummary();
        summary.printFailuresTo(new PrintWriter(System.out, true, StandardCharsets.UTF_8));
        if (found.available()) {
            StormChild.main(new String[] {isBrief ? BRIEF_STORM_THREADS : STORM_THREADS});
        }
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("kernel", System.getProperty("os.version"));
        line.put("libc", libc());
        line.put("architecture", System.getProperty("os.arch"));
        line.put("jdk", Runtime.version());
        line.put("owner", found.owner());
        line.put("index", found.index());
        line.put("limit", found.limit());
        line.put("length", found.registeredBytes());
        line.put("mode", RseqArea.mode(found.registeredBytes(), found.featureBytes()));
        line.put("offset", found.offsetBytes());
        line.put("features", found.featureBytes());
        line.put("passed", summary.getTestsSucceededCount());
        line.put("failed", summary.getTestsFailedCount());
        line.put("skipped", summary.getTestsSkippedCount() + summary.getTestsAbortedCount());
        line.put("aborts", "fence:" + found.fenceAborts() + ",preemption:" + found.preemptionAborts());
        line.put("reason", found.reason().replace(' ', '_'));
        System.out.println("MATRIX " + line.entrySet().stream().map(each -> each.getKey() + "=" + each.getValue())
                .collect(Collectors.joining(" ")));
        System.exit(summary.getTestsFailedCount() == 0 && summary.getTestsFoundCount() > 0 ? 0 : 1);
    }

    /** Prints the time of each class, which shows why a row becomes slow. */
    private static final class Durations implements TestExecutionListener {
        private final Map<String, Long> started = new ConcurrentHashMap<>();

        private static boolean isClass(TestIdentifier test) {
            return test.getSource().filter(ClassSource.class::isInstance).isPresent();
        }

        @Override
        public void executionStarted(TestIdentifier test) {
            started.put(test.getUniqueId(), System.nanoTime());
        }

        @Override
        public void executionFinished(TestIdentifier test, TestExecutionResult result) {
            Long start = started.remove(test.getUniqueId());
            if (isClass(test) && start != null) {
                System.out.printf(Locale.ROOT, "%s: %.1f s%n", test.getDisplayName(),
                        (System.nanoTime() - start) / 1e9);
            }
        }
    }

    private static String libc() {
        long version = Native.find("gnu_get_libc_version");
        if (version == 0) {
            return "unknown";
        }
        StringBuilder text = new StringBuilder("glibc-");
        for (long at = Native.call(version).value(); RawMemory.getByte(at) != 0; at++) {
            text.append((char) RawMemory.getByte(at));
        }
        return text.toString();
    }
}
