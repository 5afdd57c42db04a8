package io.github.rseq4j.bench.report;

import io.github.rseq4j.bench.Commands;
import io.github.rseq4j.bench.Medians;
import io.github.rseq4j.bench.pool.Parsing;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.LongAdder;

/**
 * Measures the time to parse a document on virtual threads, with each pool of recyclers. One measurement has 1,000
 * threads that parse repeatedly and yield after each document; the other has 200,000 threads that parse once, and
 * counts the recyclers that were made. Each pool is measured in JVMs of its own, in turns; the report has medians.
 */
public final class JacksonReport {
    private static final int[] BYTES = {70, 10_000};
    /** The number of columns for each document. */
    private static final int COLUMNS = 3;
    private static final int THREADS = 1000;
    private static final int PARSES_OF_ALL = 400_000;
    private static final int SINGLE_THREADS = 200_000;
    /** The shortest warm-up of each column. */
    private static final long WARM_UP_NANOS = 2_000_000_000L;

    private final Parsing timed;
    private final Parsing counted;
    private final LongAdder result = new LongAdder();

    private JacksonReport(String pool) {
        this.timed = Parsing.of(pool, false);
        this.counted = Parsing.of(pool, true);
    }

    /**
     * Runs the report; or, with the name of a pool, is one of its JVMs.
     *
     * @param arguments the number of measurements of each pool (default 5), and the names of the pools (default all);
     *     or the name of a pool
     * @throws Exception if anything fails
     */
    public static void main(String[] arguments) throws Exception {
        if (arguments.length > 0 && Parsing.NAMES.contains(arguments[0])) {
            new JacksonReport(arguments[0]).measure();
        } else {
            List<String> pools = Arrays.asList(arguments).subList(Math.min(1, arguments.length), arguments.length);
            report(arguments.length > 0 ? Integer.parseInt(arguments[0]) : 5, pools.isEmpty() ? Parsing.NAMES : pools);
        }
    }

    private static void report(int rounds, List<String> pools) throws IOException, InterruptedException {
        Map<String, List<double[]>> figures = new LinkedHashMap<>();
        for (int round = 0; round < rounds; round++) {
            for (String pool : pools) {
                figures.computeIfAbsent(pool, _ -> new ArrayList<>()).add(run(pool));
            }
        }
        System.out.printf("%-14s", "ns a document");
        for (int bytes : BYTES) {
            System.out.printf(" %26s %26s %17s", bytes + " B, " + THREADS + " threads", "a thread each",
                    "recyclers made");
        }
        System.out.println();
        figures.forEach((pool, all) -> {
            System.out.printf("%-14s", pool);
            for (int column = 0; column < all.getFirst().length; column++) {
                int own = column;
                List<Double> values = all.stream().map(each -> each[own]).toList();
                if (column % COLUMNS == COLUMNS - 1) {
                    System.out.printf(" %,17.0f", Medians.of(values));
                } else {
                    System.out.printf(" %26s", Medians.text("%,.0f", values));
                }
            }
            System.out.println();
        });
    }

    private static double[] run(String pool) throws IOException, InterruptedException {
        return Arrays.stream(Commands.java(JacksonReport.class, pool).strip().split(" "))
                .mapToDouble(Double::parseDouble).toArray();
    }

    /** Prints three figures: time with many threads, time with a thread for each document, recyclers of the latter. */
    private void measure() throws InterruptedException {
        StringBuilder line = new StringBuilder();
        for (int bytes : BYTES) {
            byte[] document = Parsing.document(bytes);
            int rounds = Math.max(1, PARSES_OF_ALL / THREADS * BYTES[0] / bytes * 4);
            for (long end = System.nanoTime() + WARM_UP_NANOS; System.nanoTime() < end;) {
                parse(timed, document, THREADS, rounds);
                parse(timed, document, THREADS, 1);
            }
            line.append(parse(timed, document, THREADS, rounds)).append(' ');
            line.append(parse(timed, document, SINGLE_THREADS, 1)).append(' ');
            long before = counted.created();
            parse(counted, document, SINGLE_THREADS, 1);
            line.append(counted.created() - before).append(' ');
        }
        System.out.println(line);
        if (result.sum() == 0) {
            throw new IllegalStateException("nothing was parsed");
        }
    }

    /** Returns the nanoseconds for each document. */
    private double parse(Parsing parsing, byte[] document, int threads, int rounds) throws InterruptedException {
        CountDownLatch ended = new CountDownLatch(threads);
        long start = System.nanoTime();
        for (int i = 0; i < threads; i++) {
            Thread.startVirtualThread(() -> {
                long sum = 0;
                for (int round = 0; round < rounds; round++) {
                    sum += parsing.parse(document);
                    if (round + 1 < rounds) {
                        giveWay();
                    }
                }
                result.add(sum);
                ended.countDown();
            });
        }
        ended.await();
        return (double) (System.nanoTime() - start) / threads / rounds;
    }

    /** Lets another virtual thread run, so that many parses are open at the same time, as with sockets. */
    @SuppressWarnings("ThreadPriorityCheck")
    private static void giveWay() {
        Thread.yield();
    }
}
