package io.github.rseq4j.bench.section;

import static io.github.rseq4j.section.Place.cell;

import io.github.rseq4j.bench.Empty;
import io.github.rseq4j.percpu.PerCpuCounter;
import io.github.rseq4j.percpu.PerCpuItems;
import io.github.rseq4j.section.Condition;
import io.github.rseq4j.section.Order;
import io.github.rseq4j.section.Register;
import io.github.rseq4j.section.RestartableSection;
import io.github.rseq4j.section.SectionBuilder;
import java.lang.invoke.MethodHandle;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAccumulator;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Sections that users build, beside the counter and the empty critical downcall. One of them has the steps of the
 * counter's section.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 3, jvmArgsAppend = "--enable-native-access=ALL-UNNAMED")
public class SectionBenchmark {
    private static final RestartableSection ADD = add();
    private static final MethodHandle ADD_HANDLE = ADD.handle();
    private static final MethodHandle MAX_HANDLE = max().handle();
    private static final MethodHandle FETCH_ADD_HANDLE = fetchAdd().handle();

    private final PerCpuCounter counter = new PerCpuCounter();
    private final PerCpuItems items = new PerCpuItems(Long.BYTES);
    private final long sum = items.allocate();
    private final long highest = items.allocate();
    private final long sequence = items.allocate();
    private final LongAccumulator accumulator = new LongAccumulator(Math::max, 0);
    private long delta = 3;

    /** Creates the peers. */
    public SectionBenchmark() {}

    private static RestartableSection add() {
        SectionBuilder steps = new SectionBuilder("users_load_add_store", 2);
        return steps.commitAdd(cell(steps.argument(0)), steps.argument(1), Order.RELAXED).build();
    }

    private static RestartableSection max() {
        SectionBuilder steps = new SectionBuilder("percpu_max", 2);
        Register max = steps.load(cell(steps.argument(0)));
        steps.exitIf(max, Condition.ABOVE_OR_EQUAL, steps.argument(1), 0);
        return steps.commitStore(cell(steps.argument(0)), steps.argument(1), Order.RELAXED).build();
    }

    private static RestartableSection fetchAdd() {
        SectionBuilder steps = new SectionBuilder("fetch_add", 2);
        Register before = steps.load(cell(steps.argument(0)));
        Register after = steps.move(before);
        steps.add(after, steps.argument(1));
        return steps.result(before).commitStore(cell(steps.argument(0)), after, Order.RELAXED).build();
    }

    /** {@return the result of an empty critical downcall} */
    @Benchmark
    public long empty() {
        return Empty.call(delta, delta);
    }

    /** Adds to a per-CPU counter. */
    @Benchmark
    public void counter() {
        counter.add(delta);
    }

    /**
     * Adds by the handle of a user's section.
     *
     * @return its status
     * @throws Throwable when it fails
     */
    @Benchmark
    public long usersAdd() throws Throwable {
        return (long) ADD_HANDLE.invokeExact(sum, delta);
    }

    /** {@return the value of the same section's result, which does not escape} */
    @Benchmark
    public long usersAddCall() {
        return ADD.call(sum, delta).value();
    }

    /**
     * Adds by a user's section with a result.
     *
     * @return what was there
     * @throws Throwable when it fails
     */
    @Benchmark
    public long usersFetchAdd() throws Throwable {
        return (long) FETCH_ADD_HANDLE.invokeExact(sequence, delta);
    }

    /**
     * Raises a maximum, which is as high already: the section is left by its exit.
     *
     * @return the exit
     * @throws Throwable when it fails
     */
    @Benchmark
    public long usersMax() throws Throwable {
        return (long) MAX_HANDLE.invokeExact(highest, delta);
    }

    /** Raises a LongAccumulator, which is as high already. */
    @Benchmark
    public void maxLongAccumulator() {
        accumulator.accumulate(delta);
    }
}
