package io.github.rseq4j.bench.report;

import io.github.rseq4j.percpu.PerCpuCounter;
import io.github.rseq4j.percpu.PerCpuHistogram;
import io.github.rseq4j.percpu.PerCpuPool;
import io.github.rseq4j.percpu.PerCpuRing;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.Locale;
import java.util.Objects;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.DoubleAdder;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.IntConsumer;
import org.HdrHistogram.ConcurrentHistogram;
import org.HdrHistogram.Recorder;
import org.jctools.queues.MpscArrayQueue;
import tools.jackson.core.util.BufferRecycler;
import tools.jackson.core.util.JsonRecyclerPools;
import tools.jackson.core.util.RecyclerPool;

/**
 * Measures one operation on the fallback or of a peer: the CPU time of its threads, by bursts. Other processes take no
 * part in it, as long as they leave the caches and the memory alone.
 */
public final class FallbackChild {
    /** The calls of a thread between two readings of the clock. A ring takes as many from each of eight threads. */
    private static final int BURST = 2048;
    private static final int CAPACITY = 8 * BURST;
    private static final int OBJECTS = 64;
    private static final long HOUR_NANOS = TimeUnit.HOURS.toNanos(1);
    private static final int VALUES = 1024;
    private static final ThreadMXBean CLOCK = ManagementFactory.getThreadMXBean();

    private final IntConsumer burst;
    /** Empties a ring after each burst. */
    private final Runnable between;

    private FallbackChild(IntConsumer burst, Runnable between) {
        this.burst = burst;
        this.between = between;
    }

    /**
     * Prints the nanoseconds of CPU time of an operation.
     *
     * @param arguments the operation, the number of threads, and the milliseconds of CPU time to measure
     * @throws InterruptedException if this thread is interrupted
     */
    public static void main(String[] arguments) throws InterruptedException {
        System.setProperty("rseq4j.registration", "never");
        FallbackChild child = of(arguments[0]);
        int threads = Integer.parseInt(arguments[1]);
        long nanos = TimeUnit.MILLISECONDS.toNanos(Long.parseLong(arguments[2]));
        child.measure(threads, nanos);
        System.out.printf(Locale.ROOT, "%.3f%n", child.measure(threads, nanos));
    }

    /** Runs bursts in several threads until they have taken some CPU time, and returns the nanoseconds of a call. */
    private double measure(int threads, long nanos) throws InterruptedException {
        LongAdder spent = new LongAdder();
        LongAdder calls = new LongAdder();
        AtomicBoolean isDone = new AtomicBoolean();
        CyclicBarrier barrier = new CyclicBarrier(threads, () -> {
            between.run();
            isDone.set(spent.sum() >= nanos);
        });
        Thread[] workers = new Thread[threads];
        for (int i = 0; i < threads; i++) {
            workers[i] = new Thread(() -> {
                while (!isDone.get()) {
                    long start = CLOCK.getCurrentThreadCpuTime();
                    burst.accept(BURST);
                    spent.add(CLOCK.getCurrentThreadCpuTime() - start);
                    calls.add(BURST);
                    await(barrier);
                }
            });
            workers[i].start();
        }
        for (Thread worker : workers) {
            worker.join();
        }
        return (double) spent.sum() / calls.sum();
    }

    private static void await(CyclicBarrier barrier) {
        try {
            barrier.await();
        } catch (InterruptedException | BrokenBarrierException e) {
            throw new IllegalStateException(e);
        }
    }

    private static FallbackChild of(String operation) {
        return switch (operation) {
            case "PerCpuCounter" -> counter(new PerCpuCounter());
            case "LongAdder" -> counter(new LongAdder());
            case "DoubleAdder" -> counter(new DoubleAdder());
            case "PerCpuPool" -> pool(new PerCpuPool<>(BufferRecycler::new));
            case "ArrayBlockingQueue" -> pool(new ArrayBlockingQueue<>(CAPACITY));
            case "ConcurrentLinkedQueue" -> pool(new ConcurrentLinkedQueue<>());
            case "ConcurrentLinkedDeque" -> pool(new ConcurrentLinkedDeque<>());
            case "Jackson's bounded pool" -> pool(JsonRecyclerPools.newBoundedPool(
                    RecyclerPool.BoundedPoolBase.DEFAULT_CAPACITY));
            case "Jackson's deque" -> pool(JsonRecyclerPools.newConcurrentDequePool());
            case "PerCpuHistogram" -> histogram(new PerCpuHistogram(HOUR_NANOS, 7));
            case "ConcurrentHistogram" -> histogram(new ConcurrentHistogram(HOUR_NANOS, 2));
            case "Recorder" -> histogram(new Recorder(HOUR_NANOS, 2));
            case "PerCpuRing" -> ring(new PerCpuRing(CAPACITY));
            case "MpscArrayQueue" -> ring(new MpscArrayQueue<>(CAPACITY));
            default -> throw new IllegalArgumentException("operation=" + operation);
        };
    }

    private static FallbackChild of(IntConsumer burst) {
        return new FallbackChild(burst, () -> { });
    }

    private static FallbackChild counter(PerCpuCounter counter) {
        return of(n -> {
            for (int i = 0; i < n; i++) {
                counter.add(3);
            }
        });
    }

    private static FallbackChild counter(LongAdder adder) {
        return of(n -> {
            for (int i = 0; i < n; i++) {
                adder.add(3);
            }
        });
    }

    private static FallbackChild counter(DoubleAdder adder) {
        return of(n -> {
            for (int i = 0; i < n; i++) {
                adder.add(3);
            }
        });
    }

    private static FallbackChild pool(PerCpuPool<BufferRecycler> pool) {
        return of(n -> {
            for (int i = 0; i < n; i++) {
                try (PerCpuPool.Lease<BufferRecycler> lease = pool.acquire()) {
                    Objects.requireNonNull(lease.value());
                }
            }
        });
    }

    private static FallbackChild pool(Queue<BufferRecycler> queue) {
        for (int i = 0; i < OBJECTS; i++) {
            queue.add(new BufferRecycler());
        }
        return of(n -> {
            for (int i = 0; i < n; i++) {
                queue.offer(Objects.requireNonNull(queue.poll()));
            }
        });
    }

    /** Takes the last object first, as Jackson does with a deque. */
    private static FallbackChild pool(ConcurrentLinkedDeque<BufferRecycler> deque) {
        for (int i = 0; i < OBJECTS; i++) {
            deque.add(new BufferRecycler());
        }
        return of(n -> {
            for (int i = 0; i < n; i++) {
                deque.offerFirst(Objects.requireNonNull(deque.pollFirst()));
            }
        });
    }

    private static FallbackChild pool(RecyclerPool<BufferRecycler> pool) {
        return of(n -> {
            for (int i = 0; i < n; i++) {
                pool.releasePooled(Objects.requireNonNull(pool.acquirePooled()));
            }
        });
    }

    /** 1 microsecond to 1 millisecond, each factor of ten equally often. */
    private static long[] values() {
        SplittableRandom random = new SplittableRandom(1);
        return random.doubles(VALUES, 3, 6).mapToLong(exponent -> (long) Math.pow(10, exponent)).toArray();
    }

    private static FallbackChild histogram(PerCpuHistogram histogram) {
        long[] values = values();
        return of(n -> {
            for (int i = 0; i < n; i++) {
                histogram.record(values[i & VALUES - 1]);
            }
        });
    }

    private static FallbackChild histogram(ConcurrentHistogram histogram) {
        long[] values = values();
        return of(n -> {
            for (int i = 0; i < n; i++) {
                histogram.recordValue(values[i & VALUES - 1]);
            }
        });
    }

    private static FallbackChild histogram(Recorder recorder) {
        long[] values = values();
        return of(n -> {
            for (int i = 0; i < n; i++) {
                recorder.recordValue(values[i & VALUES - 1]);
            }
        });
    }

    private static FallbackChild ring(PerCpuRing ring) {
        return new FallbackChild(n -> {
            for (int i = 0; i < n; i++) {
                if (!ring.push(i)) {
                    throw new IllegalStateException("the ring is full");
                }
            }
        }, () -> ring.drain(_ -> { }));
    }

    private static FallbackChild ring(MpscArrayQueue<Long> queue) {
        Long value = Long.MAX_VALUE;
        return new FallbackChild(n -> {
            for (int i = 0; i < n; i++) {
                if (!queue.offer(value)) {
                    throw new IllegalStateException("the queue is full");
                }
            }
        }, () -> queue.drain(_ -> { }));
    }
}
