package io.github.rseq4j.samples;

import io.github.rseq4j.percpu.PerCpuRing;
import java.util.stream.LongStream;

/**
 * Measurements for one consumer: many threads push, and never wait for it. Each CPU's measurements arrive in order. A
 * push to a full ring is refused; here the producer then drops the measurement.
 *
 * <pre>
 * the consumer got all that were pushed: true
 * </pre>
 */
final class Sample15Ring {
    static void main() throws InterruptedException {
        try (PerCpuRing ring = new PerCpuRing(1024)) {
            long[] pushed = new long[1];
            Thread producers = Thread.ofPlatform().start(() -> pushed[0] = LongStream.range(0, 100_000).parallel()
                    .filter(ring::push).count());
            long got = 0;
            while (producers.isAlive()) {
                got += ring.drain(_ -> { });
            }
            producers.join();
            got += ring.drain(_ -> { });
            System.out.println("the consumer got all that were pushed: " + (got == pushed[0]));
        }
    }
}
