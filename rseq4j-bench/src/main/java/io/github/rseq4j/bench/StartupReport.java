package io.github.rseq4j.bench;

import io.github.rseq4j.Rseq;
import io.github.rseq4j.percpu.PerCpuCounter;
import java.io.IOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * How long a fresh JVM takes to its first update of a counter, beside its first critical downcall: each in JVMs of its
 * own, in turn, timed from inside; medians.
 */
@SuppressWarnings("restricted")
public final class StartupReport {
    private static final int RUNS = 21;

    private StartupReport() {}

    /**
     * Runs the report; or, with an argument, is one of its JVMs.
     *
     * @param arguments nothing, or {@code downcall} or {@code counter}
     * @throws Throwable when anything fails
     */
    public static void main(String[] arguments) throws Throwable {
        if (arguments.length == 0) {
            report();
            return;
        }
        long start = System.nanoTime();
        if (arguments[0].equals("downcall")) {
            Linker linker = Linker.nativeLinker();
            MethodHandle function = linker.downcallHandle(linker.defaultLookup().find("labs").orElseThrow(),
                    FunctionDescriptor.of(ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG),
                    Linker.Option.critical(false));
            long _ = (long) function.invokeExact(-1L, 0L);
        } else {
            new PerCpuCounter().increment();
        }
        long nanos = System.nanoTime() - start;
        if (arguments[0].equals("counter") && !Rseq.availability().available()) {
            throw new IllegalStateException(Rseq.availability().reason());
        }
        System.out.println(nanos);
    }

    private static void report() throws IOException, InterruptedException {
        long[] downcall = new long[RUNS];
        long[] counter = new long[RUNS];
        double[] ratio = new double[RUNS];
        for (int i = 0; i < RUNS; i++) {
            downcall[i] = run("downcall");
            counter[i] = run("counter");
            ratio[i] = (double) counter[i] / downcall[i];
        }
        Arrays.sort(downcall);
        Arrays.sort(counter);
        Arrays.sort(ratio);
        System.out.printf("first critical downcall     %6.1f ms (%.1f to %.1f)%n", downcall[RUNS / 2] / 1e6,
                downcall[0] / 1e6, downcall[RUNS - 1] / 1e6);
        System.out.printf("first counter increment     %6.1f ms (%.1f to %.1f)%n", counter[RUNS / 2] / 1e6,
                counter[0] / 1e6, counter[RUNS - 1] / 1e6);
        System.out.printf("ratio, run by run           %6.2f    (%.2f to %.2f)%n", ratio[RUNS / 2], ratio[0],
                ratio[RUNS - 1]);
    }

    private static long run(String what) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED", "-cp", System.getProperty("java.class.path"),
                StartupReport.class.getName(), what).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0) {
            throw new IllegalStateException(what + " ended with status " + process.exitValue());
        }
        return Long.parseLong(output.strip());
    }
}
