package io.github.rseq4j.samples;

import io.github.rseq4j.percpu.PerCpuCounter;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * A counter that 10,000 virtual threads update: use it as you would a LongAdder. There is nothing to close.
 *
 * <pre>
 * 1000000 requests
 * </pre>
 */
final class Sample01Counter {
    static void main() {
        PerCpuCounter requests = new PerCpuCounter();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < 10_000; i++) {
                threads.execute(() -> {
                    for (int k = 0; k < 100; k++) {
                        requests.increment();
                    }
                });
            }
        }
        System.out.println(requests + " requests");
    }
}
