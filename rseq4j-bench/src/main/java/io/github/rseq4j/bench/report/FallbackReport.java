package io.github.rseq4j.bench.report;

import io.github.rseq4j.bench.Commands;
import java.io.IOException;
import java.util.List;

/**
 * The structures on the fallback beside the JDK's, Jackson's, HdrHistogram's and JCTools', by turns: the CPU time of an
 * operation at 1, 2 and 8 threads, in JVMs of their own.
 */
public final class FallbackReport {
    private static final String ROUNDS = "5";
    private static final String MILLIS = "200";
    private static final List<String> THREADS = List.of("1", "2", "8");
    private static final List<String> OPERATIONS = List.of("PerCpuCounter", "LongAdder",
            "PerCpuPool", "ArrayBlockingQueue", "ConcurrentLinkedQueue", "ConcurrentLinkedDeque",
            "Jackson's bounded pool", "Jackson's deque", "PerCpuHistogram", "ConcurrentHistogram", "Recorder",
            "PerCpuRing", "MpscArrayQueue");

    private FallbackReport() {}

    /**
     * Measures, and prints medians with the least and the greatest value.
     *
     * @param arguments the number of rounds, the operations, or nothing
     * @throws IOException if a JVM cannot be started
     * @throws InterruptedException if this thread is interrupted
     */
    public static void main(String[] arguments) throws IOException, InterruptedException {
        int rounds = Integer.parseInt(arguments.length > 0 ? arguments[0] : ROUNDS);
        List<String> operations = arguments.length > 1 ? List.of(arguments).subList(1, arguments.length) : OPERATIONS;
        Table table = new Table("CPU time, ns", THREADS.stream().map(each -> each + " threads").toList());
        for (int round = 0; round < rounds; round++) {
            for (String operation : operations) {
                for (int i = 0; i < THREADS.size(); i++) {
                    table.add(operation, i, Double.parseDouble(
                            Commands.java(FallbackChild.class, operation, THREADS.get(i), MILLIS).strip()));
                }
            }
        }
        table.print();
    }
}
