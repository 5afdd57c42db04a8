package io.github.rseq4j.bench.section;

import io.github.rseq4j.bench.Empty;
import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.kernel.Native;
import io.github.rseq4j.memory.Cells;
import io.github.rseq4j.percpu.PerCpuByteStack;
import io.github.rseq4j.sections.LoadAddStoreStore;
import io.github.rseq4j.sections.LoadCbeqStoreAddLoadStore;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * A pop and a push of a list, and a push and a pop of a record of 24 bytes, beside two empty critical downcalls.
 * StackReport compares them with the same sections in C.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 1, jvmArgsAppend = "--enable-native-access=ALL-UNNAMED")
public class StackBenchmark {
    private static final int NODES = 8;
    private static final int RECORD_BYTES = 24;
    private static final MethodHandle POP = Engine.get().handle(LoadCbeqStoreAddLoadStore.RELAXED);
    private static final MethodHandle PUSH = Engine.get().handle(LoadAddStoreStore.RELAXED);

    private final long head = Cells.get().allocate(this, 1);
    private final MemorySegment nodes = Arena.global().allocate(NODES * 8L, 8);
    private final MemorySegment popped = Arena.global().allocate(8, 8);
    private final PerCpuByteStack records = new PerCpuByteStack(64 * (RECORD_BYTES + 8), RECORD_BYTES);
    private final MemorySegment record = MemorySegment.ofArray(new byte[RECORD_BYTES]);
    private final MemorySegment into = MemorySegment.ofArray(new byte[RECORD_BYTES]);
    private long delta = 3;

    /** Creates empty lists and stacks. */
    public StackBenchmark() {}

    /** Pushes the nodes to the list of the current CPU. After a migration the thread finds the other list empty. */
    @Setup
    public void fill() {
        for (int i = 0; i < NODES; i++) {
            push(nodes.address() + 8L * i);
        }
    }

    private void push(long node) {
        try {
            long status = (long) PUSH.invokeExact(head, node, 0L);
            if (status < 0) {
                Engine.get().complete(LoadAddStoreStore.RELAXED, status, head, node, 0);
            }
        } catch (Throwable t) {
            throw Native.rethrown(t);
        }
    }

    /** {@return the result of two empty critical downcalls} */
    @Benchmark
    public long twoEmpty() {
        return Empty.call(delta, delta) + Empty.call(delta, delta);
    }

    /**
     * Pops a node and pushes it again.
     *
     * @throws Throwable never
     */
    @Benchmark
    public void list() throws Throwable {
        long status = (long) POP.invokeExact(head, 0L, 0L, popped.address());
        if (status >= 0) {
            push(popped.get(ValueLayout.JAVA_LONG, 0));
        }
    }

    /** {@return the length of a record that is pushed and popped} */
    @Benchmark
    public int record() {
        return records.push(record) ? records.pop(into) : 0;
    }
}
