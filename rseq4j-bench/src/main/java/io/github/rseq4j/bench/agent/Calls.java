package io.github.rseq4j.bench.agent;

import io.github.rseq4j.bench.Empty;
import io.github.rseq4j.trace.common.TraceTime;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** A program that measures calls while an agent, or a peer in it, traces some of them. */
public final class Calls {
    private static final int CALLS = 10_000;
    private static final List<String> METHODS =
            List.of(Traced.class.getName() + "::work", Traced.class.getName() + "::recursion");

    private Calls() {}

    /**
     * Prints a line for each measured loop: its name, and the nanoseconds of a thread's CPU time for each call.
     *
     * @param arguments the number of threads, the milliseconds of a slice, a folder, a name of {@link Peers} or any
     *     other word, and the names of loops. Before a loop {@code pause} the program prints a line and waits for one
     * @throws Exception if anything fails
     */
    public static void main(String[] arguments) throws Exception {
        int threads = Integer.parseInt(arguments[0]);
        long millis = Long.parseLong(arguments[1]);
        try (Peers _ = Peers.start(arguments[3], METHODS, Path.of(arguments[2]))) {
            for (int i = 4; i < arguments.length; i++) {
                if (arguments[i].equals("pause")) {
                    pause();
                } else {
                    double nanos = Loops.nanos(loop(arguments[i]), threads, millis);
                    System.out.println(arguments[i] + " " + nanos / CALLS);
                }
            }
        }
    }

    private static void pause() throws IOException {
        System.out.println("pause 0");
        int _ = System.in.read();
    }

    private static Loops.Loop loop(String name) {
        Traced traced = new Traced();
        ByHand byHand = new ByHand();
        Map<String, Loops.Loop> loops = Map.of(
                "work", seed -> work(traced, seed),
                "recursion", seed -> recursion(traced, seed),
                "hand", seed -> hand(byHand, seed) + byHand.calls(),
                "empty", Calls::empty,
                "clocks", Calls::clocks);
        return Objects.requireNonNull(loops.get(name), name);
    }

    private static long work(Traced traced, long seed) {
        long sum = 1;
        for (int i = 0; i < CALLS; i++) {
            sum += traced.work(seed + i);
        }
        return sum;
    }

    private static long recursion(Traced traced, long seed) {
        long sum = 1;
        for (int i = 0; i < CALLS / Traced.DEPTH; i++) {
            sum += traced.recursion(seed + i, Traced.DEPTH);
        }
        return sum;
    }

    private static long hand(ByHand byHand, long seed) {
        long sum = 1;
        for (int i = 0; i < CALLS; i++) {
            sum += byHand.work(seed + i);
        }
        return sum;
    }

    private static long empty(long seed) {
        long sum = 1;
        for (int i = 0; i < CALLS; i++) {
            sum += Empty.call(seed, i);
        }
        return sum;
    }

    private static long clocks(long seed) {
        long sum = seed + 1;
        for (int i = 0; i < CALLS; i++) {
            long start = TraceTime.now();
            sum += TraceTime.now() - start;
        }
        return sum;
    }
}
