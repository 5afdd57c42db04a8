package io.github.rseq4j.agent.table;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.function.CounterFunctions;
import io.github.rseq4j.kernel.Linux;
import io.github.rseq4j.percpu.HistogramSnapshot;
import io.github.rseq4j.percpu.PerCpuHistogram;
import io.github.rseq4j.trace.common.TraceTime;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A reader gets what the table of this JVM has counted. Runs on restartable sequences and on the fallback. */
final class MethodTableReaderTest {
    private static final int THREADS = 8;
    private static final int CALLS = 40_000;
    /** Their histograms are in three ranges. */
    private static final int METHODS = 300;
    private static final int COPIES = 20;

    private MethodTable table;
    private MethodTableReader reader;
    private Path link;

    /** The first reader of this process would find the table of another test. */
    @BeforeEach
    void open() throws IOException {
        Set<Path> before = links();
        table = MethodTable.create();
        Set<Path> made = links();
        made.removeAll(before);
        link = made.iterator().next();
        reader = new MethodTableReader(ProcessHandle.current().pid(), link,
                FileChannel.open(link, StandardOpenOption.READ));
    }

    @AfterEach
    void close() throws IOException {
        reader.close();
    }

    private static Set<Path> links() throws IOException {
        Set<Path> links = new TreeSet<>();
        try (Stream<Path> all = Files.list(Path.of("/proc/self/fd"))) {
            for (Path link : all.toList()) {
                if (Files.isSymbolicLink(link) && Files.readSymbolicLink(link).toString().contains("rseq4j-agent")) {
                    links.add(Path.of("/proc/" + ProcessHandle.current().pid() + "/fd").resolve(link.getFileName()));
                }
            }
        }
        return links;
    }

    private TableReading read() throws TableException {
        table.publish();
        return reader.read();
    }

    @Test
    void readsAnEmptyTable() throws TableException {
        assertEquals(List.of(), read().rows());
        assertEquals(Engine.get().hasKernelPages(), read().whyCopied().isEmpty(), read().whyCopied());
        assertTrue(table.isReadable());
    }

    /** Before each of the first reads of the file, all methods are called, and the counts are copied. */
    @Test
    void readsOneCopyWhileOthersAreWritten() throws Exception {
        assumeTrue(!table.whyCopied().isEmpty(), "the counts are copied");
        for (int i = 0; i < METHODS; i++) {
            table.mode(table.add("com.acme.A" + i, "m", "()V"), "time");
        }
        int[] reads = {0};
        Runnable before = () -> {
            if (reads[0]++ < COPIES) {
                for (int i = 0; i < METHODS; i++) {
                    table.histogram(i).record(1000);
                }
                table.publish();
            }
        };
        before.run();
        try (MethodTableReader other = new MethodTableReader(ProcessHandle.current().pid(), link,
                new InterposedFile(FileChannel.open(link, StandardOpenOption.READ), before))) {
            List<MethodRow> rows = other.read().rows();
            assertTrue(reads[0] > COPIES, reads[0] + " reads");
            assertEquals(List.of((long) COPIES), rows.stream().map(MethodRow::calls).distinct().toList());
            assertEquals(METHODS, rows.size());
        }
    }

    /** A copy that is never ended is read in the end. */
    @Test
    void readsACopyThatIsNotEnded() throws Exception {
        assumeTrue(!table.whyCopied().isEmpty(), "the counts are copied");
        table.mode(table.add("com.acme.A", "m", "()V"), "time");
        table.histogram(0).record(1000);
        table.publish();
        try (FileChannel file = FileChannel.open(link, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            ByteBuffer number = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.nativeOrder());
            assertEquals(Long.BYTES, file.read(number, TableLayout.COPY_NUMBER_AT));
            assertEquals(0, number.getLong(0) % 2);
            assertTrue(number.getLong(0) > 0);
            number.putLong(0, number.getLong(0) + 1).clear();
            assertEquals(Long.BYTES, file.write(number, TableLayout.COPY_NUMBER_AT));
        }
        assertEquals(1, reader.read().rows().getFirst().calls());
    }

    @Test
    void readsNamesOfOddCharacters() throws TableException {
        table.add("com.acme.\u00C4\uD83D\uDE00$\u202E", "<init>", "()V");
        table.mode(table.add("", "lambda$new$0", "(\"\n"), "over 10ms");
        List<MethodRow> rows = read().rows();
        assertEquals(new MethodRow("com.acme.\u00C4\uD83D\uDE00$\u202E", "<init>", "()V", "", 0, 0, 0, 0, 0),
                rows.get(0));
        assertEquals(new MethodRow("", "lambda$new$0", "(\"\n", "over 10ms", 0, 0, 0, 0, 0), rows.get(1));
        table.mode(1, "count");
        assertEquals("count", read().rows().get(1).mode());
    }

    @Test
    void readsPercentilesAsAHistogramOfTheLibraryHasThem() throws TableException {
        long seed = System.nanoTime();
        RandomGenerator random = new SplittableRandom(seed);
        try (PerCpuHistogram peer = new PerCpuHistogram(1L << 42, 4)) {
            Histogram histogram = table.histogram(table.add("a.B", "m", "()V"));
            CounterFunctions.add(table.countCell(0), 7);
            long max = 0;
            for (int i = 0; i < 1000; i++) {
                long ticks = random.nextLong() >>> 1 + random.nextInt(63);
                max = Math.max(max, ticks);
                histogram.record(ticks);
                peer.record(ticks);
                HistogramSnapshot snapshot = peer.snapshot();
                if (i % 37 != 0) {
                    continue;
                }
                TableReading reading = read();
                MethodRow row = reading.rows().getFirst();
                String message = "seed=" + seed + ", i=" + i + ": " + snapshot;
                assertEquals(snapshot.count() + 7, row.calls(), message);
                assertEquals(reading.nanos(snapshot.sum()), row.totalNanos(), message);
                assertEquals(reading.nanos(Math.min(max, snapshot.percentile(50))), row.p50Nanos(), message);
                assertEquals(reading.nanos(Math.min(max, snapshot.percentile(99))), row.p99Nanos(), message);
                assertEquals(reading.nanos(max), row.maxNanos(), message);
            }
        }
    }

    @Test
    void turnsTicksIntoNanoseconds() throws TableException {
        Histogram histogram = table.histogram(table.add("a.B", "m", "()V"));
        TableReading before = read();
        long start = System.nanoTime();
        long ticks = TraceTime.now();
        while (System.nanoTime() - start < 100_000_000) {
            Thread.onSpinWait();
        }
        histogram.record(TraceTime.now() - ticks);
        long nanos = System.nanoTime() - start;
        long read = read().since(before).getFirst().totalNanos();
        assertTrue(read > 98_000_000 && read < nanos + nanos / 50, read + " of " + nanos + " ns");
    }

    @Test
    void readsTheCallsOfAnInterval() throws TableException {
        Histogram histogram = table.histogram(table.add("a.B", "m", "()V"));
        histogram.record(1_000_000_000);
        TableReading first = read();
        for (int i = 0; i < 100; i++) {
            histogram.record(i < 60 ? 1000 : 2000);
        }
        CounterFunctions.add(table.countCell(table.add("a.B", "later", "()V")), 5);
        TableReading second = read();
        List<MethodRow> rows = second.since(first);
        assertEquals(100, rows.get(0).calls());
        assertEquals(second.nanos(60 * 1000 + 40 * 2000), rows.get(0).totalNanos());
        assertEquals(second.nanos(histogram.buckets().highest(histogram.buckets().number(1000))),
                rows.get(0).p50Nanos());
        assertEquals(second.nanos(histogram.buckets().highest(histogram.buckets().number(2000))),
                rows.get(0).maxNanos());
        assertEquals(5, rows.get(1).calls());
        assertEquals(101, second.rows().get(0).calls());
        assertEquals(second.nanos(1_000_000_000), second.rows().get(0).maxNanos());
        assertEquals(new MethodRow("a.B", "m", "()V", "", 0, 0, 0, 0, 0), second.since(second).getFirst());
    }

    /** One thread moves the others from CPU to CPU, so that they are preempted in sections. */
    @Test
    void losesNoCallOfEightThreads() throws InterruptedException, TableException {
        int count = table.add("a.B", "count", "()V");
        Histogram histogram = table.histogram(table.add("a.B", "time", "()V"));
        long countCell = table.countCell(count);
        int[] tids = new int[THREADS];
        CountDownLatch started = new CountDownLatch(THREADS);
        Thread[] threads = new Thread[THREADS];
        for (int t = 0; t < THREADS; t++) {
            int number = t;
            threads[t] = Thread.ofPlatform().start(() -> {
                tids[number] = Linux.gettid();
                started.countDown();
                for (int i = 0; i < CALLS; i++) {
                    CounterFunctions.add(countCell, 1);
                    histogram.record(i);
                }
            });
        }
        started.await();
        int cpus = Runtime.getRuntime().availableProcessors();
        for (int i = 0; threads[i % THREADS].isAlive() || i < THREADS; i++) {
            int _ = Linux.sched_setaffinity(tids[i % THREADS], i / THREADS % cpus);
        }
        for (Thread thread : threads) {
            thread.join();
        }
        List<MethodRow> rows = read().rows();
        assertEquals((long) THREADS * CALLS, rows.get(0).calls());
        assertEquals((long) THREADS * CALLS, rows.get(1).calls());
        assertEquals(read().nanos((long) THREADS * CALLS * (CALLS - 1) / 2), rows.get(1).totalNanos());
        assertEquals(read().nanos(CALLS - 1), rows.get(1).maxNanos());
    }

    @Test
    void readingPopulatesNoPage() throws IOException, TableException {
        for (int i = 0; i < 1000; i++) {
            table.histogram(table.add("a.B", "m" + i, "()V"));
        }
        table.publish();
        String before = blocks();
        assertEquals(1000, reader.read().rows().size());
        assertEquals(before, blocks());
    }

    /** Returns the blocks of memory that the file has. */
    private String blocks() throws IOException {
        Process stat = new ProcessBuilder("stat", "-L", "-c", "%b", link.toString()).start();
        return stat.inputReader().readLine();
    }

    @Test
    void saysThatAProcessIsNotThereOrHasNoAgent() throws IOException, InterruptedException {
        Process other = new ProcessBuilder("sleep", "60").start();
        try {
            assertEquals("pid=" + other.pid() + ": no agent of rseq4j is in this process: rseq4j attach " + other.pid()
                    + " --method GLOB --mode time attaches it", message(other.pid()));
        } finally {
            other.destroyForcibly().waitFor();
        }
        assertEquals("pid=" + other.pid() + ": there is no such process", message(other.pid()));
        assertEquals("pid=-1: there is no such process", message(-1));
        assertEquals("pid=0: there is no such process", message(0));
    }

    private static String message(long pid) {
        return String.valueOf(assertThrows(TableException.class, () -> MethodTableReader.open(pid)).getMessage());
    }
}
