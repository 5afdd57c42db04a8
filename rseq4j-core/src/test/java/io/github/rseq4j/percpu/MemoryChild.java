package io.github.rseq4j.percpu;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/**
 * The child JVM of {@link OutOfMemoryTest}: runs the allocating operations of full stacks, with more and more free
 * heap, and prints the number of lost elements.
 */
public final class MemoryChild {
    private static final int CAPACITY = 60_000;
    private static final int STEP_KIB = 64;
    private static final int STEPS = 40;
    private static final int CHUNK = 64 << 10;

    private final List<byte[]> ballast = new ArrayList<>(1 << 16);
    private long thrown;

    private MemoryChild() {}

    /** Fills the heap except for the given rest, runs an action, and frees the heap. */
    @SuppressWarnings("UnusedVariable") // The reference is dropped on purpose.
    private void with(int spareKib, Runnable action) {
        try {
            byte[][] spare = new byte[spareKib / STEP_KIB][STEP_KIB << 10];
            for (int size = CHUNK; size > 0; size = size == CHUNK ? 1024 : 0) {
                fill(size);
            }
            if (spare.length > 0) {
                spare[0] = new byte[0];
            }
            spare = new byte[0][];
            action.run();
        } catch (OutOfMemoryError e) {
            thrown++;
        } finally {
            ballast.clear();
        }
    }

    private void fill(int size) {
        try {
            while (true) {
                ballast.add(new byte[size]);
            }
        } catch (OutOfMemoryError e) {
            // Full.
        }
    }

    private void stack(String name, Supplier<PerCpuStack> maker, Doing doing) {
        long lost = 0;
        thrown = 0;
        for (int step = 0; step < STEPS; step++) {
            PerCpuStack stack = maker.get();
            long pushed = 0;
            for (int i = 0; i < CAPACITY; i++) {
                pushed += stack.push(i) ? 1 : 0;
            }
            long[] got = {0};
            with(step * STEP_KIB, () -> doing.run(stack, got));
            stack.drain(_ -> got[0]++);
            lost += pushed - got[0];
        }
        System.out.println("lost=" + lost);
        System.out.println(name + ": thrown=" + thrown);
    }

    private interface Doing {
        void run(PerCpuStack stack, long[] got);
    }

    /**
     * Runs the child.
     *
     * @param arguments none
     */
    public static void main(String[] arguments) {
        MemoryChild child = new MemoryChild();
        Supplier<PerCpuStack> maker = () -> new PerCpuStack(CAPACITY);
        child.stack("resize", maker, (stack, _) -> stack.resize(CAPACITY + 8));
        child.stack("drain", maker, (stack, got) -> stack.drain(_ -> got[0]++));
        child.stack("steal", maker, (stack, got) -> stack.steal(_ -> got[0]++));
        child.stack("take", maker, (stack, got) -> stack.takeAll().forEach(words -> got[0] += words.length));
        System.out.println("done=true");
    }
}
