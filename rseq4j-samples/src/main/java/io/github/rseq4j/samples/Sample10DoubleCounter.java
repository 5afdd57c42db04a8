package io.github.rseq4j.samples;

import io.github.rseq4j.percpu.PerCpuDoubleCounter;
import java.util.stream.IntStream;

/**
 * A sum of doubles that many threads add to, as with a DoubleAdder. The order of the additions is not fixed, so a sum
 * of numbers that doubles do not represent exactly differs in its last bits from run to run. Quarters are exact.
 *
 * <pre>
 * 25000.0 euros
 * </pre>
 */
final class Sample10DoubleCounter {
    static void main() {
        PerCpuDoubleCounter revenue = new PerCpuDoubleCounter();
        IntStream.range(0, 100_000).parallel().forEach(_ -> revenue.add(0.25));
        System.out.println(revenue.sum() + " euros");
    }
}
