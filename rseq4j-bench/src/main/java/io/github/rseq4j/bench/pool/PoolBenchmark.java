package io.github.rseq4j.bench.pool;

import io.github.rseq4j.bench.Empty;
import io.github.rseq4j.percpu.PerCpuPool;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jctools.queues.MpmcArrayQueue;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.infra.Blackhole;
import tools.jackson.core.util.BufferRecycler;
import tools.jackson.core.util.RecyclerPool;

/**
 * Taking an object from a pool and giving it back, beside two empty critical downcalls, the queues that other pools
 * use, and a ThreadLocal. Option {@code -t} sets the number of threads, of which there are at most as many as objects.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 3, jvmArgsAppend = "--enable-native-access=ALL-UNNAMED")
public class PoolBenchmark {
    private static final int CAPACITY = 128;
    private static final int OBJECTS = 64;

    private final PerCpuPool<BufferRecycler> perCpu = new PerCpuPool<>(BufferRecycler::new);
    private final RecyclerPool<BufferRecycler> recyclers = filled(Parsing3.pool("perCpu"));
    private final RecyclerPool<BufferRecycler> bounded = filled(Parsing3.pool("bounded"));
    private final RecyclerPool<BufferRecycler> deque = filled(Parsing3.pool("deque"));
    private final RecyclerPool<BufferRecycler> striped = filled(Parsing3.pool("striped"));
    private final Queue<BufferRecycler> mpmc = filled(new MpmcArrayQueue<>(CAPACITY));
    private final Queue<BufferRecycler> blocking = filled(new ArrayBlockingQueue<>(CAPACITY));
    private final ThreadLocal<BufferRecycler> local = ThreadLocal.withInitial(BufferRecycler::new);
    private long argument = 3;

    /** Creates the pools. */
    public PoolBenchmark() {}

    private static Queue<BufferRecycler> filled(Queue<BufferRecycler> queue) {
        for (int i = 0; i < OBJECTS; i++) {
            queue.add(new BufferRecycler());
        }
        return queue;
    }

    private static RecyclerPool<BufferRecycler> filled(RecyclerPool<BufferRecycler> pool) {
        Queue<BufferRecycler> taken = new ArrayDeque<>();
        for (int i = 0; i < OBJECTS; i++) {
            taken.add(pool.acquirePooled());
        }
        taken.forEach(pool::releasePooled);
        return pool;
    }

    private static void use(Queue<BufferRecycler> queue, Blackhole hole) {
        BufferRecycler object = queue.poll();
        if (object == null) {
            throw new IllegalStateException("more threads than objects");
        }
        hole.consume(object);
        queue.offer(object);
    }

    private static void use(RecyclerPool<BufferRecycler> pool, Blackhole hole) {
        BufferRecycler object = pool.acquirePooled();
        hole.consume(object);
        pool.releasePooled(object);
    }

    /** {@return the results of two empty critical downcalls} */
    @Benchmark
    public long empty2() {
        return Empty.call(argument, argument) + Empty.call(argument, argument);
    }

    /** A per-CPU pool. */
    @Benchmark
    public void perCpuPool(Blackhole hole) {
        try (PerCpuPool.Lease<BufferRecycler> lease = perCpu.acquire()) {
            hole.consume(lease.value());
        }
    }

    /** A per-CPU pool through Jackson's interface. */
    @Benchmark
    public void perCpuRecyclerPool(Blackhole hole) {
        use(recyclers, hole);
    }

    /** Jackson's bounded pool. */
    @Benchmark
    public void jacksonBounded(Blackhole hole) {
        use(bounded, hole);
    }

    /** Jackson's pool with a concurrent deque. */
    @Benchmark
    public void jacksonDeque(Blackhole hole) {
        use(deque, hole);
    }

    /** The striped pool that was proposed for Jackson. */
    @Benchmark
    public void jacksonStriped(Blackhole hole) {
        use(striped, hole);
    }

    /** JCTools' queue. */
    @Benchmark
    public void mpmcArrayQueue(Blackhole hole) {
        use(mpmc, hole);
    }

    /** The JDK's bounded queue. */
    @Benchmark
    public void arrayBlockingQueue(Blackhole hole) {
        use(blocking, hole);
    }

    /** An object for each thread. */
    @Benchmark
    public void threadLocal(Blackhole hole) {
        hole.consume(local.get());
    }
}
