package io.github.rseq4j.bench.report;

import io.github.rseq4j.Rseq;
import io.github.rseq4j.bench.Commands;
import io.github.rseq4j.bench.Medians;
import io.github.rseq4j.percpu.PerCpuCounter;
import java.io.IOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * The time of the first update of a counter in a fresh JVM, beside the first critical downcall in another fresh JVM.
 * The JVMs run by turns, and measure the time themselves.
 */
@SuppressWarnings("restricted")
public final class StartupReport {
    private static final int RUNS = 21;

    private StartupReport() {}

    /**
     * Runs the report. With an argument, runs as one of its JVMs.
     *
     * @param arguments none, or {@code downcall} or {@code counter}
     * @throws Throwable if a measurement fails
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
        double[] downcall = new double[RUNS];
        double[] counter = new double[RUNS];
        double[] ratio = new double[RUNS];
        for (int i = 0; i < RUNS; i++) {
            downcall[i] = run("downcall");
            counter[i] = run("counter");
            ratio[i] = counter[i] / downcall[i];
        }
        System.out.printf("first critical downcall, ms  %s%n", Medians.text("%.1f", downcall));
        System.out.printf("first counter increment, ms  %s%n", Medians.text("%.1f", counter));
        System.out.printf("ratio, run by run            %s%n", Medians.text("%.2f", ratio));
    }

    /** Returns the milliseconds that a JVM measured. */
    private static double run(String what) throws IOException, InterruptedException {
        return Long.parseLong(Commands.java(StartupReport.class, what).strip()) / 1e6;
    }
}
