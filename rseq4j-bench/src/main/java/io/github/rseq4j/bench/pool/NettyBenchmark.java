package io.github.rseq4j.bench.pool;

import io.netty.buffer.AdaptiveByteBufAllocator;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.PooledByteBufAllocator;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Allocating and releasing direct buffers, by Netty's allocators and by a prototype on per-CPU pools. Option {@code -t}
 * sets the number of threads; {@code -jvmArgsAppend -Djmh.executor=VIRTUAL} makes them virtual.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 3, jvmArgsAppend = {"--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow",
    "--add-opens=java.base/java.nio=ALL-UNNAMED", "-Dio.netty.tryReflectionSetAccessible=true",
    "-Dio.netty.leakDetection.level=disabled"})
public class NettyBenchmark {
    private static final int BYTES = 256;

    /** The allocator. */
    @Param({"adaptive", "pooled", "perCpu"})
    public String allocator = "";

    private ByteBufAllocator buffers = ByteBufAllocator.DEFAULT;

    /** Creates the benchmark. */
    public NettyBenchmark() {}

    /** Creates the allocator. */
    @Setup
    public void create() {
        buffers = switch (allocator) {
            case "adaptive" -> new AdaptiveByteBufAllocator(true);
            case "pooled" -> PooledByteBufAllocator.DEFAULT;
            default -> new PerCpuAllocator();
        };
    }

    /** The buffers that a thread has, as a connection has some that wait to be written. */
    @State(Scope.Thread)
    public static class Live {
        private static final int LIVE = 16;
        private static final int SIZES = 1024;
        private static final int SMALL_SHARE = 4;
        private static final int LARGE_BYTES = 16_384;
        private static final int SMALL_BYTES = 1024;

        private final ByteBuf[] live = new ByteBuf[LIVE];
        private final int[] sizes = new int[SIZES];
        private int next;

        /** Creates a thread's state. */
        public Live() {
            SplittableRandom random = new SplittableRandom(42);
            for (int i = 0; i < SIZES; i++) {
                sizes[i] = 1 + random.nextInt(random.nextInt(SMALL_SHARE) > 0 ? SMALL_BYTES : LARGE_BYTES);
            }
        }

        /** Releases the buffers. */
        @TearDown
        public void release() {
            for (ByteBuf buffer : live) {
                if (buffer != null) {
                    buffer.release();
                }
            }
        }
    }

    /** {@return whether a buffer of 256 bytes, released at once, was freed} */
    @Benchmark
    public boolean one() {
        return buffers.directBuffer(BYTES, BYTES).release();
    }

    /** {@return a buffer of 1 byte to 16 KiB, in place of the oldest one of sixteen} */
    @Benchmark
    public ByteBuf live(Live state) {
        int at = state.next++;
        ByteBuf oldest = state.live[at % Live.LIVE];
        if (oldest != null) {
            oldest.release();
        }
        int bytes = state.sizes[at % Live.SIZES];
        ByteBuf newest = buffers.directBuffer(bytes, bytes);
        state.live[at % Live.LIVE] = newest;
        return newest;
    }
}
