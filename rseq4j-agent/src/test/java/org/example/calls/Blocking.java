package org.example.calls;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;

/** Virtual threads that block in methods, and go on on other threads of the scheduler. */
public final class Blocking {
    private static final LongAdder MIGRATED = new LongAdder();
    private static final LongAdder LOCKED = new LongAdder();
    private static final LongAdder INSIDE = new LongAdder();
    private static final LongAdder OUTSIDE = new LongAdder();
    private static final ReentrantLock LOCK = new ReentrantLock();

    private Blocking() {}

    /** Starts as many threads as the argument says, prints what they did, and waits until the standard input ends. */
    public static void main(String[] arguments) throws Exception {
        int threads = Integer.parseInt(arguments[0]);
        long sum = 0;
        try (ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Integer>> all = new ArrayList<>();
            for (int i = 0; i < threads; i++) {
                int each = i;
                all.add(executor.submit(() -> call(each)));
            }
            for (Future<Integer> each : all) {
                sum += each.get();
            }
        }
        System.out.println("sum " + sum);
        System.out.println("migrated " + (MIGRATED.sum() > 0));
        System.out.println("inside " + INSIDE);
        System.out.println("outside " + OUTSIDE);
        System.out.println("counts");
        while (System.in.read() >= 0) {
            // Goes on to the end.
        }
    }

    private static int call(int i) {
        long before = System.nanoTime();
        int result = outer(i);
        OUTSIDE.add(System.nanoTime() - before);
        return result;
    }

    static int outer(int i) {
        long begin = System.nanoTime();
        String carrier = Thread.currentThread().toString();
        int result;
        try {
            result = inner(i);
        } catch (IllegalStateException e) {
            result = -1;
        }
        if (!carrier.equals(Thread.currentThread().toString())) {
            MIGRATED.increment();
        }
        INSIDE.add(System.nanoTime() - begin);
        return result;
    }

    @SuppressWarnings("ThreadPriorityCheck") // Nothing depends on it but the number of threads that migrate.
    static int inner(int i) {
        switch (i % 4) {
            case 0 -> LockSupport.parkNanos(1_000_000L * (i % 11));
            case 1 -> Thread.yield();
            case 2 -> {
                LOCK.lock();
                try {
                    LOCKED.increment();
                } finally {
                    LOCK.unlock();
                }
            }
            default -> {
                synchronized (LOCK) {
                    Thread.yield();
                }
            }
        }
        if (i % 10 == 0) {
            throw new IllegalStateException("i=" + i);
        }
        return i % 7;
    }
}
