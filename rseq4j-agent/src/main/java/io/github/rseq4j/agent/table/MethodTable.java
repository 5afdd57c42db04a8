package io.github.rseq4j.agent.table;

import io.github.rseq4j.KernelException;
import io.github.rseq4j.Rseq;
import io.github.rseq4j.engine.Engine;
import io.github.rseq4j.function.CounterFunctions;
import io.github.rseq4j.function.DurationFunctions;
import io.github.rseq4j.trace.common.TraceTime;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The methods that the agent traces, and the memory of their counts. {@link MethodTableReader} of another process of
 * the same user reads it; this process does nothing for that.
 *
 * <p>An agent has one table, which stays until the JVM ends. Every method may be called from any thread, except that
 * {@link #publish} does I/O, so that a thread of the agent calls it.
 */
public final class MethodTable {
    /* How it works
     *
     * The texts and the entry of a method are written first, and then the number of methods. A method keeps its number:
     * the same method of the same class in another loader shares it, and is counted with it.
     *
     * The cells are in a memfd (SharedTable), unless something prevents that: then they are private, and their sums are
     * copied (CopiedTable). One prevention is strict accounting of memory: a shared page that the limit refuses sends a
     * signal to the thread that writes to it.
     */
    private static final Path OVERCOMMIT = Path.of("/proc/sys/vm/overcommit_memory");
    private static final String STRICT = "2";

    private final TableMemory memory;
    private final String whyCopied;
    private final Map<Method, Integer> sites = new HashMap<>();
    private final Map<String, Long> texts = new HashMap<>();
    private final List<@Nullable Histogram> histograms = new ArrayList<>();
    private int[] histogramSites = {};
    private int histogramCount;
    private long textBytes;

    /** A method by its names. */
    private record Method(String className, String name, String descriptor) {}

    private MethodTable(TableMemory memory, String whyCopied) {
        this.memory = memory;
        this.whyCopied = whyCopied;
        memory.put(TableLayout.VERSION_AT, TableLayout.VERSION);
        memory.put(TableLayout.PID_AT, ProcessHandle.current().pid());
        memory.put(TableLayout.STARTED_AT, System.currentTimeMillis());
        memory.put(TableLayout.FREQUENCY_AT, TraceTime.clock().frequencyHz());
        memory.put(TableLayout.COPIES_AT, memory.layout().copies());
        memory.put(TableLayout.SIGNIFICANT_BITS_AT, TableLayout.BUCKETS.significantBits());
        memory.put(TableLayout.LAST_BUCKET_AT, TableLayout.BUCKETS.last());
        memory.put(TableLayout.REASON_AT, whyCopied.isEmpty() ? 0 : text(whyCopied));
        memory.put(TableLayout.MAGIC_AT, TableLayout.MAGIC);
        memory.publish(histogramSites, 0);
    }

    /**
     * Makes the table of this JVM. It measures the clock for 20 ms, unless that was done.
     *
     * @return the table, also where no other process can read it: {@link #whyCopied} then tells why
     * @throws KernelException when the kernel refuses executable memory or memory for cells
     */
    public static MethodTable create() {
        Engine engine = Engine.get(CounterFunctions.class, CounterFunctions.Pair.class,
                DurationFunctions.class, Histogram.class);
        TraceTime.require();
        String reason = prevention(engine);
        if (reason.isEmpty()) {
            try {
                return new MethodTable(new SharedTable(engine.copies()), reason);
            } catch (KernelException e) {
                reason = "the kernel refused shared memory: " + e.getMessage();
            }
        }
        return new MethodTable(new CopiedTable(), reason);
    }

    /** Returns why the cells cannot be in a memfd, or an empty text. */
    private static String prevention(Engine engine) {
        if (!engine.hasKernelPages()) {
            return "rseq is not available: " + Rseq.availability().reason();
        }
        try {
            return Files.readString(OVERCOMMIT).strip().equals(STRICT)
                    ? "vm.overcommit_memory=2: a page of shared memory may be refused when a thread writes to it" : "";
        } catch (IOException _) {
            return "";
        }
    }

    private synchronized long text(String text) {
        Long known = texts.get(text);
        if (known != null) {
            return known;
        }
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        if (bytes.length > TableLayout.MAX_TEXT_BYTES - textBytes) {
            throw new IllegalStateException("the names of methods take " + textBytes + " bytes, at most "
                    + TableLayout.MAX_TEXT_BYTES + " fit: narrow the rules to fewer methods");
        }
        long word = textBytes << Integer.SIZE | bytes.length;
        memory.put(TableLayout.TEXTS_AT + textBytes, bytes);
        texts.put(text, word);
        textBytes += bytes.length;
        return word;
    }

    /**
     * Adds a method, in no mode.
     *
     * @param className the name of its class, as {@link Class#getName} gives it
     * @param method its name
     * @param descriptor its descriptor
     * @return its number, from 0; the same one if a method of these names was added before
     * @throws IllegalStateException when there are 65,536 methods, or their names take 56 MiB
     * @throws KernelException when the kernel refuses memory
     */
    public synchronized int add(String className, String method, String descriptor) {
        Method key = new Method(className, method, descriptor);
        Integer known = sites.get(key);
        if (known != null) {
            return known;
        }
        int site = sites.size();
        if (site == TableLayout.MAX_METHODS) {
            throw new IllegalStateException("methods=" + site + ": no more fit into the table; " + className + "."
                    + method + descriptor + " is left alone: narrow the rules to fewer methods");
        }
        memory.counter(site);
        memory.max(site);
        long entry = TableLayout.entry(site);
        memory.put(entry + TableLayout.CLASS_AT, text(className));
        memory.put(entry + TableLayout.METHOD_AT, text(method));
        memory.put(entry + TableLayout.DESCRIPTOR_AT, text(descriptor));
        memory.put(entry + TableLayout.COUNTER_AT, memory.layout().counter(site));
        histograms.add(null);
        sites.put(key, site);
        memory.put(TableLayout.COUNT_AT, sites.size());
        return site;
    }

    /** Returns the number of methods. */
    public synchronized int size() {
        return sites.size();
    }

    /**
     * Returns the cell that counts the calls of a method: {@code CounterFunctions.add(cell, 1)}. Calls that its
     * histogram records are not counted here.
     *
     * @param site the method's number
     * @return the address of the cell's copy at index 0
     * @throws IndexOutOfBoundsException if no method has this number
     */
    public synchronized long countCell(int site) {
        checkSite(site);
        return memory.counter(site);
    }

    /**
     * Returns the histogram of a method, which is made at the first call: 10 KB for each CPU that runs the method.
     *
     * @param site the method's number
     * @return the histogram, the same one in each call
     * @throws IndexOutOfBoundsException if no method has this number
     * @throws IllegalStateException when no more histograms fit into the address space that the kernel granted
     * @throws KernelException when the kernel refuses memory
     */
    public synchronized Histogram histogram(int site) {
        checkSite(site);
        Histogram known = histograms.get(site);
        if (known != null) {
            return known;
        }
        if (histogramCount == memory.maxHistograms()) {
            throw new IllegalStateException("histograms=" + histogramCount + ": no more fit into the memory that the"
                    + " kernel granted: raise the limit of the address space (ulimit -v), or time fewer methods");
        }
        if (histogramCount == histogramSites.length) {
            histogramSites = Arrays.copyOf(histogramSites, Math.max(16, 2 * histogramCount));
        }
        Histogram made = new Histogram(memory.histogram(histogramCount), TableLayout.BUCKETS, memory.max(site), 1);
        memory.put(TableLayout.entry(site) + TableLayout.HISTOGRAM_AT, memory.layout().histogram(histogramCount));
        histogramSites[histogramCount] = site;
        histogramCount++;
        histograms.set(site, made);
        return made;
    }

    /**
     * Shows the mode of a method to readers.
     *
     * @param site the method's number
     * @param mode a short text, such as {@code count}, {@code time} or {@code over 10ms}; an empty one for no mode
     * @throws IndexOutOfBoundsException if no method has this number
     * @throws IllegalStateException when the texts take 56 MiB
     */
    public synchronized void mode(int site, String mode) {
        checkSite(site);
        memory.put(TableLayout.entry(site) + TableLayout.MODE_AT, text(mode));
    }

    private void checkSite(int site) {
        if (site < 0 || site >= histograms.size()) {
            throw new IndexOutOfBoundsException("site=" + site + ", must be 0 to " + (histograms.size() - 1));
        }
    }

    /**
     * Returns why the counts are in private memory, so that a thread of the agent has to call {@link #publish} once a
     * second. It is empty if readers read the counts themselves.
     */
    public String whyCopied() {
        return whyCopied;
    }

    /**
     * Tells whether other processes can read the table. They cannot where the kernel refuses a file in memory, and the
     * folder of temporary files cannot be written.
     */
    public boolean isReadable() {
        return !(memory instanceof CopiedTable copied) || copied.hasFile();
    }

    /**
     * Copies the counts to the file that other processes read, if they are in private memory; otherwise it does
     * nothing.
     *
     * @throws UncheckedIOException when the file cannot be written, for example because the disk is full
     */
    public synchronized void publish() {
        memory.publish(Arrays.copyOf(histogramSites, histogramCount), sites.size());
    }
}
