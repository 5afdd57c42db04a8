package io.github.rseq4j.samples;

import io.github.rseq4j.percpu.PerCpuStack;
import java.util.stream.LongStream;

/**
 * A free list of numbers, such as slots of a file: a thread takes the slot that its CPU freed last, which is likely to
 * be in the cache. If its CPU has none, it takes the slots of another CPU.
 *
 * <pre>
 * 1000 slots are free
 * took one: true
 * took the rest: 999
 * </pre>
 */
final class Sample13Stack {
    private static final long NONE = -1;

    static void main() {
        try (PerCpuStack free = new PerCpuStack(1000)) {
            LongStream.range(0, 1000).parallel().forEach(free::push);
            System.out.println(free.size() + " slots are free");
            long slot = free.pop(NONE);
            long[] stolen = {slot};
            while (slot == NONE && stolen[0] == NONE) {
                // This thread's CPU has no slot: take all those of another CPU, keep one and push the others.
                free.steal(other -> {
                    boolean _ = stolen[0] == NONE || free.push(stolen[0]);
                    stolen[0] = other;
                });
            }
            System.out.println("took one: " + (stolen[0] != NONE));
            System.out.println("took the rest: " + free.drain(_ -> { }));
        }
    }
}
