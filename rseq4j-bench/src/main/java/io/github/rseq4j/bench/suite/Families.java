package io.github.rseq4j.bench.suite;

import static io.github.rseq4j.bench.suite.Side.LIMIT;
import static io.github.rseq4j.bench.suite.Side.OURS;
import static io.github.rseq4j.bench.suite.Side.PEER;

import io.github.rseq4j.bench.counter.CounterBenchmark;
import io.github.rseq4j.bench.counter.HistogramBenchmark;
import io.github.rseq4j.bench.pool.JacksonBenchmark;
import io.github.rseq4j.bench.pool.PoolBenchmark;
import io.github.rseq4j.bench.section.SectionBenchmark;
import io.github.rseq4j.bench.section.StackBenchmark;
import io.github.rseq4j.bench.trace.PeerBenchmark;
import io.github.rseq4j.bench.trace.TracePeersBenchmark;
import java.util.ArrayList;
import java.util.List;

/** All families, with their goals. */
final class Families {
    private static final String EMPTY = "empty downcall";
    private static final String CLOCK = "ordered reading of the clock";
    private static final String NO_AGENT = "no agent";
    private static final String NS = "ns";

    private Families() {}

    static List<Family> all() {
        List<Family> all = new ArrayList<>(List.of(counter(), counters(), histogram(), pool(), ring(), list(),
                section(), event(), span(), text(), agent(), jackson()));
        all.addAll(MetricFamilies.all());
        all.addAll(List.of(startup(), fallbackCounter(), fallbackHistogram(), fallbackPool(), fallbackRing()));
        return List.copyOf(all);
    }

    private static Row ours(String name, Source source) {
        return new Row(name, OURS, source);
    }

    private static Row peer(String name, Source source) {
        return new Row(name, PEER, source);
    }

    private static Row limit(String name, Source source) {
        return new Row(name, LIMIT, source);
    }

    private static Row empty() {
        return limit(EMPTY, Sources.jmh(CounterBenchmark.class, "empty"));
    }

    private static Row clock() {
        return limit(CLOCK, Sources.jmh(TracePeersBenchmark.class, "timestamp"));
    }

    private static Family counter() {
        Class<?> benchmark = CounterBenchmark.class;
        return new Family("counter", "an addition to a counter", NS, true, List.of(
                ours("PerCpuCounter", Sources.jmh(benchmark, "add")),
                peer("LongAdder", Sources.jmh(benchmark, "addLongAdder")),
                peer("AtomicLong", Sources.jmh(benchmark, "addAtomicLong")),
                empty(), limit("inlined C", Sources.c("add"))),
                List.of(Goal.above("PerCpuCounter", EMPTY, 1).with(1)));
    }

    private static Family counters() {
        Class<?> benchmark = CounterBenchmark.class;
        String arrays = "PerCpuCounters, by arrays";
        String adders = "eight LongAdders";
        return new Family("counters", "an addition to each of eight counters", NS, true, List.of(
                new Row("FusedCounters", OURS, Sources.jmh(benchmark, "fused8"), "bound"),
                new Row("FusedCounters, by an array", OURS, Sources.jmh(benchmark, "fused8Array"),
                        "bound, by an array"),
                new Row(arrays, OURS, Sources.jmh(benchmark, "fused8Arrays"), "by arrays"),
                peer(adders, Sources.jmh(benchmark, "fused8LongAdder")),
                new Row(adders + ", by arrays", PEER, Sources.jmh(benchmark, "fused8ArraysLongAdder"),
                        "by arrays"), empty()),
                List.of(Goal.ratio(arrays, 0.35, adders)));
    }

    private static Family histogram() {
        Class<?> benchmark = HistogramBenchmark.class;
        String empty = EMPTY + " with a value";
        return new Family("histogram", "a value recorded in a histogram", NS, false, List.of(
                ours("PerCpuHistogram", Sources.jmh(benchmark, "record")),
                peer("HdrHistogram's Recorder", Sources.jmh(benchmark, "recordRecorder")),
                peer("ConcurrentHistogram", Sources.jmh(benchmark, "recordConcurrentHistogram")),
                limit(empty, Sources.jmh(benchmark, "empty"))),
                List.of(Goal.above("PerCpuHistogram", empty, 2)));
    }

    private static Family pool() {
        Class<?> benchmark = PoolBenchmark.class;
        String empty = "two empty downcalls";
        return new Family("pool", "an object taken from a pool and returned", NS, true, List.of(
                ours("PerCpuPool", Sources.jmh(benchmark, "perCpuPool")),
                peer("ArrayBlockingQueue", Sources.jmh(benchmark, "arrayBlockingQueue")),
                peer("JCTools MpmcArrayQueue", Sources.jmh(benchmark, "mpmcArrayQueue")),
                peer("Jackson's bounded pool", Sources.jmh(benchmark, "jacksonBounded")),
                peer("Jackson's deque", Sources.jmh(benchmark, "jacksonDeque")),
                peer("jackson-core#1687, striped", Sources.jmh(benchmark, "jacksonStriped")),
                limit(empty, Sources.jmh(benchmark, "empty2"))),
                List.of(Goal.above("PerCpuPool", empty, 2).with(1)));
    }

    private static Family ring() {
        String mpsc = "JCTools MpscArrayQueue";
        String xadd = "JCTools MpscUnboundedXaddArrayQueue";
        String agrona = "Agrona ManyToOneConcurrentArrayQueue";
        return new Family("ring", "a push to a ring that another thread drains, CPU time", NS, true, List.of(
                ours("PerCpuRing", Sources.ring("PerCpuRing")), peer(mpsc, Sources.ring(mpsc)),
                peer(xadd, Sources.ring(xadd)), peer(agrona, Sources.ring(agrona)), empty()),
                List.of(Goal.ratio("PerCpuRing", 0.5, mpsc, xadd, agrona).with(2, 8)));
    }

    private static Family list() {
        Class<?> benchmark = StackBenchmark.class;
        return new Family("list", "a node popped from a list and pushed", NS, false, List.of(
                ours("two sections", Sources.single(Sources.jmh(benchmark, "list"))),
                limit("two empty downcalls", Sources.single(Sources.jmh(benchmark, "twoEmpty"))),
                limit("inlined C", Sources.c("list"))), List.of());
    }

    private static Family section() {
        Class<?> benchmark = SectionBenchmark.class;
        return new Family("section", "a maximum raised, by a section of a user", NS, false, List.of(
                ours("SectionBuilder", Sources.jmh(benchmark, "usersMax")),
                peer("LongAccumulator", Sources.jmh(benchmark, "maxLongAccumulator")), empty()), List.of());
    }

    private static Row tracer(String name, Side side, String method, String peer) {
        return new Row(name, side, Sources.jmh(PeerBenchmark.class, method, "peer", peer));
    }

    private static Family tracing(String name, String title, String method, List<Goal> goals) {
        return new Family(name, title, NS, false, List.of(tracer("Tracer", OURS, method, "rseq4j"),
                tracer("JFR", PEER, method, "jfr"), tracer("OpenTelemetry", PEER, method, "opentelemetry"),
                tracer("Log4j, asynchronous", PEER, method, "log4j"), clock()), goals);
    }

    private static Family event() {
        return tracing("event", "an event with two longs, in memory", "longs",
                List.of(Goal.above("Tracer", CLOCK, 2).with(1)));
    }

    private static Family span() {
        return tracing("span", "the begin and the end of a span, in memory", "span",
                List.of(new Goal("Tracer", 2, List.of(CLOCK), 4, List.of(1))));
    }

    private static Family text() {
        return tracing("text", "an event with a text of 32 characters, in memory", "text", List.of());
    }

    private static Family agent() {
        String timing = "JFR method-timing";
        String trace = "JFR method-trace";
        String clocks = "two ordered readings of the clock";
        return new Family("agent", "a call of a traced method", NS, false, List.of(
                new Row("count", OURS, Sources.agent("rseq4j, count", "work"), "counted"),
                new Row("time", OURS, Sources.agent("rseq4j, time", "work"), "timed"),
                new Row("event", OURS, Sources.agent("rseq4j, event", "work"), "recorded"),
                peer(timing, Sources.agent("JFR, method-timing", "work")),
                new Row(trace, PEER, Sources.agent("JFR, method-trace, every call, no stacks", "work"), "recorded"),
                new Row("by hand", PEER, Sources.agent(NO_AGENT, "hand"), "timed"),
                limit(NO_AGENT, Sources.agent(NO_AGENT, "work")),
                limit(EMPTY, Sources.agent("rseq4j, count", "empty")),
                limit(clocks, Sources.agent("rseq4j, time", "clocks"))),
                List.of(Goal.above("count", EMPTY, 2), Goal.above("time", clocks, 10), Goal.above("event", clocks, 10),
                        Goal.ratio("count", 1 / 15.0, timing).with(1), Goal.ratio("count", 1 / 25.0, timing).with(2),
                        Goal.ratio("count", 1 / 50.0, timing).with(8), Goal.ratio("time", 1 / 1.8, timing).with(1),
                        Goal.ratio("time", 1 / 3.5, timing).with(2), Goal.ratio("time", 1 / 6.0, timing).with(8),
                        Goal.ratio("event", 1 / 2.0, trace)));
    }

    private static Row jackson(String name, Side side, String pool) {
        return new Row(name, side,
                Sources.slow(Sources.jmh(JacksonBenchmark.class, "parse", "pool", pool, "bytes", "70")));
    }

    private static Family jackson() {
        return new Family("jackson", "a document of 70 bytes parsed by Jackson 3", NS, false, List.of(
                jackson("PerCpuRecyclerPool", OURS, "perCpu3"), jackson("thread-local pool", PEER, "threadLocal3"),
                jackson("deque", PEER, "deque3"), jackson("bounded pool", PEER, "bounded3"),
                jackson("jackson-core#1687, striped", PEER, "striped3"),
                jackson("jackson-core#1687, hybrid", PEER, "hybrid3")),
                List.of(Goal.ratio("PerCpuRecyclerPool", 1, "thread-local pool", "deque", "bounded pool")));
    }

    private static Family startup() {
        String downcall = "the first critical downcall";
        String counter = "the first addition to a counter";
        return new Family("startup", "the first operation of a fresh JVM", "ms", false, List.of(
                ours(counter, Sources.startup("counter")), limit(downcall, Sources.startup("downcall"))),
                List.of(Goal.ratio(counter, 1.5, downcall).with(1)));
    }

    /** A family of the fallback has the names of FallbackChild's operations, ours first. */
    private static Family fallback(String name, String title, String ours, String... peers) {
        List<Row> rows = new ArrayList<>(List.of(ours(ours, Sources.fallback(ours))));
        for (String peer : peers) {
            rows.add(peer(peer, Sources.fallback(peer)));
        }
        return new Family("fallback-" + name, title + " on the fallback, CPU time", NS, false, rows,
                List.of(Goal.ratio(ours, 1.2, peers)));
    }

    private static Family fallbackCounter() {
        return fallback("counter", "an addition", "PerCpuCounter", "LongAdder");
    }

    private static Family fallbackHistogram() {
        return fallback("histogram", "a value recorded", "PerCpuHistogram", "ConcurrentHistogram");
    }

    private static Family fallbackPool() {
        return fallback("pool", "an object taken and returned", "PerCpuPool", "ArrayBlockingQueue",
                "Jackson's bounded pool", "Jackson's deque");
    }

    private static Family fallbackRing() {
        return fallback("ring", "a push", "PerCpuRing", "MpscArrayQueue");
    }
}
