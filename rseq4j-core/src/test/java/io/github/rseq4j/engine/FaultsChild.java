package io.github.rseq4j.engine;

import io.github.rseq4j.Rseq;
import io.github.rseq4j.percpu.FusedCounters;
import io.github.rseq4j.percpu.PerCpuCounter;
import io.github.rseq4j.percpu.PerCpuCounters;
import java.util.ArrayList;
import java.util.List;

/** The child JVM of {@link FaultsKernelTest}: counts with several threads, and prints the result. */
public final class FaultsChild {
    private static final int THREADS = 4;
    private static final int ROUNDS = 50_000;

    private FaultsChild() {}

    /**
     * Runs the child.
     *
     * @param arguments none
     * @throws InterruptedException when it is interrupted
     */
    public static void main(String[] arguments) throws InterruptedException {
        PerCpuCounter counter = new PerCpuCounter();
        PerCpuCounters block = new PerCpuCounters(4);
        FusedCounters all = block.fused(0, 1, 2, 3);
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < THREADS; i++) {
            Thread.Builder builder = i % 2 == 0 ? Thread.ofPlatform() : Thread.ofVirtual();
            threads.add(builder.start(() -> {
                for (int round = 0; round < ROUNDS; round++) {
                    counter.increment();
                    all.add(1, 2, 3, 4);
                }
            }));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        long sum = counter.sum();
        for (int i = 0; i < block.size(); i++) {
            sum += block.sum(i);
        }
        Rseq.Availability availability = Rseq.availability();
        System.out.println("available=" + availability.available());
        System.out.println("owner=" + availability.owner());
        System.out.println("reason=" + availability.reason());
        System.out.println("remedy=" + availability.remedy());
        System.out.println("note=" + availability.note());
        System.out.println("expected=" + (long) THREADS * ROUNDS * 11);
        System.out.println("counted=" + sum);
    }
}
