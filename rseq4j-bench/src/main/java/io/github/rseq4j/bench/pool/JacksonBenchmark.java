package io.github.rseq4j.bench.pool;

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
import org.openjdk.jmh.annotations.Warmup;

/**
 * The cost of parsing a document with each pool of recyclers. Option {@code -t} sets the number of threads.
 * JacksonReport measures virtual threads.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 3, jvmArgsAppend = "--enable-native-access=ALL-UNNAMED")
public class JacksonBenchmark {
    /** The pool, and the version of Jackson. */
    @Param({"perCpu3", "threadLocal3", "deque3", "bounded3", "none3",
        "perCpu2", "threadLocal2", "deque2", "bounded2", "lockFree2", "none2"})
    public String pool = "perCpu3";

    /** The size of the document in bytes. */
    @Param({"70", "10000"})
    public int bytes = 70;

    private Parsing parsing = Parsing.of(pool, false);
    private byte[] document = {};

    /** Creates a parser, which {@link #prepare} replaces. */
    public JacksonBenchmark() {}

    /** Creates the pool and the document. */
    @Setup
    public void prepare() {
        parsing = Parsing.of(pool, false);
        document = Parsing.document(bytes);
    }

    /** {@return a sum over the tokens of the document} */
    @Benchmark
    public long parse() {
        return parsing.parse(document);
    }
}
