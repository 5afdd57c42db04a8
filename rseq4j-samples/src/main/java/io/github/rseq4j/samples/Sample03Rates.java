package io.github.rseq4j.samples;

import io.github.rseq4j.percpu.PerCpuCounter;

/**
 * A reporter takes the counts since its last report. {@code sumThenReset} loses no update, however many threads add
 * meanwhile.
 *
 * <pre>
 * reported everything: true
 * </pre>
 */
final class Sample03Rates {
    private static final int UPDATES = 500_000;

    static void main() throws InterruptedException {
        PerCpuCounter events = new PerCpuCounter();
        Thread producer = Thread.ofVirtual().start(() -> {
            for (int i = 0; i < UPDATES; i++) {
                events.increment();
            }
        });
        long reported = 0;
        while (producer.isAlive()) {
            reported += events.sumThenReset();
            Thread.sleep(1);
        }
        producer.join();
        reported += events.sumThenReset();
        System.out.println("reported everything: " + (reported == UPDATES));
    }
}
