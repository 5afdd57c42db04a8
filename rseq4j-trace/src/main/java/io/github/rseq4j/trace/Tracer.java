package io.github.rseq4j.trace;

import io.github.rseq4j.KernelException;
import io.github.rseq4j.trace.cpu.Sampling;
import io.github.rseq4j.trace.ring.RingFunctions;
import io.github.rseq4j.trace.ring.Rings;
import io.github.rseq4j.trace.thread.LooseThread;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Records events of this process in the Common Trace Format, which Babeltrace 2 and {@code rseq4j trace} read. An
 * event costs some ten nanoseconds on any thread, and takes no lock and no atomic instruction.
 *
 * {@snippet lang = java:
 * interface Requests {
 *     Span request(long id);                                  // requests:request_begin, requests:request_end
 *
 *     void cacheMiss(String key);                             // requests:cacheMiss
 * }
 *
 * Path folder = Path.of("trace");
 * try (Tracer tracer = Tracer.streaming(folder)) {            // or flightRecorder(folder), and tracer.snapshot(other)
 *     Requests requests = tracer.probes(Requests.class);
 *     try (Span span = requests.request(42)) {
 *         requests.cacheMiss("user:42");
 *     }
 *     tracer.disable("requests:cacheMiss");                   // a call then only reads a field
 * }
 * }
 *
 * <p>Each CPU has a ring of sub-buffers in shared memory. One restartable sequence records an event: it reads the
 * clock, writes the record, and commits it. So the events of a CPU are in the order of time, and committed events
 * outlive the process; see {@link TraceRecovery}. They do not outlive the machine.
 *
 * <p><b>Threads.</b> Any thread may call any method. The trace has the names of the threads that recorded events, of up
 * to some thousand threads.
 *
 * <p><b>Failures.</b> Probes never throw. Events that cannot be recorded, and failures to write, are counted; see
 * {@link #stats}. Only the methods of this class throw.
 *
 * <p><b>Memory.</b> Each CPU that records events has a ring of {@link TracerOptions#withSubBuffers}, by default 4 MiB
 * of System V shared memory. The rings of a killed process stay in memory until they are recovered, or until the
 * machine or the container ends. Where the kernel refuses shared memory, a ring is memory of the process and is lost
 * when the process is killed; {@link TracerStats#lostOnKill} has the reason then.
 *
 * <p><b>Time.</b> The clock is the processor's counter, if the kernel uses it for {@code clock_gettime}. Otherwise, and
 * with {@code -Drseq4j.trace.clock=monotonic}, the clock is CLOCK_MONOTONIC; native code cannot record events then.
 *
 * <p><b>Without rseq</b> the rings are in the heap, and are lost when the process is killed. There is a ring for each
 * of a few stripes instead of each CPU, and a lock for each ring; see {@link io.github.rseq4j.Rseq#availability()}.
 *
 * <p>Rings, modes and guarantees follow LTTng-UST (Desnoyers, Dagenais: Lockless multi-core high-throughput buffering
 * scheme for kernel tracing, 2012).
 *
 * @since 0.1.0
 */
public final class Tracer implements AutoCloseable {
    /* How it works
     *
     * Providers has the probes, which the program calls. Recording has the rings, in which probes record, and the
     * files.
     *
     * OPEN keeps an open tracer reachable as long as this class is. The tracer's threads do not (LooseThread). When the
     * class loader of this class is collected, the tracer's rings stay like those of a killed process.
     */
    private static final Set<Tracer> OPEN = ConcurrentHashMap.newKeySet();

    /** Rings, metadata, files and their thread. Tests read it. */
    final Recording recording;
    private final Providers providers;
    private final Runnable exit = this::exit;
    private final Thread atExit = LooseThread.once("rseq4j-tracer-exit", exit);
    private @Nullable CpuSampler sampler;

    private Tracer(TracerOptions options, boolean isFlightRecorder, TracerFolder files) throws IOException {
        recording = new Recording(options, isFlightRecorder, files);
        try {
            providers = new Providers(options.fieldBytes(), recording::add,
                    provider -> recording.setOf(provider).target());
            recording.describe(() -> entries(recording, providers));
            Runtime.getRuntime().addShutdownHook(atExit);
            startDrainer();
        } catch (Throwable t) {
            recording.abandon();
            throw t;
        }
    }

    /** Returns the entries of the environment beside those of the process. */
    private static Map<String, Object> entries(Recording recording, Providers providers) {
        Map<String, Object> entries = recording.patterns();
        entries.putAll(Probe.limits(providers.limited()));
        return entries;
    }

    private void startDrainer() {
        try {
            recording.start();
        } catch (Throwable t) {
            LooseThread.forgetAtExit(atExit);
            throw t;
        }
    }

    /** Creates a tracer. If that fails, for lack of memory or threads too, its files and rings are removed. */
    private static Tracer make(Path folder, TracerOptions options, boolean isFlightRecorder) throws IOException {
        try {
            RingFunctions.require(options.isTimeOrdered());
        } catch (KernelException e) {
            throw new IOException("folder=" + folder + ": no tracer can be made: " + e.getMessage(), e);
        }
        TracerFolder files = TracerFolder.make(folder, options.existingTrace());
        try {
            Tracer tracer = new Tracer(options, isFlightRecorder, files);
            OPEN.add(tracer);
            return tracer;
        } catch (Throwable t) {
            files.undo(t);
            throw t;
        }
    }

    /**
     * Returns the open tracers of this copy of the library, and whether each is a flight recorder. The agent calls this
     * method by reflection, from another class loader, so its name is a contract and its types are the JDK's.
     */
    static Map<Object, Boolean> openTracers() {
        Map<Object, Boolean> open = new HashMap<>();
        OPEN.forEach(each -> open.put(each, each.recording.isFlightRecorder()));
        return open;
    }

    /**
     * Starts a flight recorder with the default options; see {@link #flightRecorder(Path, TracerOptions)}.
     *
     * @param folder the folder of the files for recovery; it is created if it does not exist. For a folder that holds a
     *     trace see {@link TracerOptions#withExistingTrace}
     * @return the tracer
     * @throws IOException if a file cannot be written, or the kernel refuses memory for code or for a ring; nothing is
     *     left of the tracer then
     * @throws IllegalStateException if the JVM is exiting
     */
    public static Tracer flightRecorder(Path folder) throws IOException {
        return flightRecorder(folder, TracerOptions.defaults());
    }

    /**
     * Starts a streaming tracer with the default options; see {@link #streaming(Path, TracerOptions)}.
     *
     * @param folder the folder of the trace; it is created if it does not exist. For a folder that holds a trace see
     *     {@link TracerOptions#withExistingTrace}
     * @return the tracer
     * @throws IOException if a file cannot be written, or the kernel refuses memory for code or for a ring; nothing is
     *     left of the tracer then
     * @throws IllegalStateException if the JVM is exiting
     */
    public static Tracer streaming(Path folder) throws IOException {
        return streaming(folder, TracerOptions.defaults());
    }

    /**
     * Starts a flight recorder, which records to memory. When a ring is full, new events overwrite its oldest
     * sub-buffer. {@link #snapshot} writes the content of the rings to a trace.
     *
     * @param folder the folder of the files for recovery; it is created if it does not exist. For a folder that holds a
     *     trace see {@link TracerOptions#withExistingTrace}
     * @param options the sizes of rings and records
     * @return the tracer
     * @throws IOException if a file cannot be written, or the kernel refuses memory for code or for a ring; nothing is
     *     left of the tracer then
     * @throws IllegalStateException if the JVM is exiting
     */
    public static Tracer flightRecorder(Path folder, TracerOptions options) throws IOException {
        return make(folder, options, true);
    }

    /**
     * Starts a streaming tracer, which records to files. A thread of the tracer writes full sub-buffers. When a ring is
     * full, new events are discarded and counted in the trace.
     *
     * @param folder the folder of the trace; it is created if it does not exist. For a folder that holds a trace see
     *     {@link TracerOptions#withExistingTrace}
     * @param options the sizes of rings and records, and the limits of files
     * @return the tracer
     * @throws IOException if a file cannot be written, or the kernel refuses memory for code or for a ring; nothing is
     *     left of the tracer then
     * @throws IllegalStateException if the JVM is exiting
     */
    public static Tracer streaming(Path folder, TracerOptions options) throws IOException {
        return make(folder, options, false);
    }

    /**
     * Implements a provider. Each method of the returned object records an event, with the arguments as fields.
     * {@link Provider} has the rules for the interface.
     *
     * @param provider the interface
     * @param <T> the interface
     * @return the implementation; the same object for each call
     * @throws IllegalArgumentException if the interface breaks a rule; the message names the method and the remedy
     * @throws IllegalStateException if the trace would have more than 65,536 events, or the tracer is closed
     */
    public <T> T probes(Class<T> provider) {
        return providers.probes(provider);
    }

    /**
     * Implements a provider that is not public, or whose package is not exported.
     *
     * @param place the result of {@link MethodHandles#lookup()} in a class of the interface's package
     * @param provider the interface
     * @param <T> the interface
     * @return the implementation; the same object for each call
     * @throws IllegalArgumentException if the interface breaks a rule; the message names the method and the remedy
     * @throws IllegalStateException if the trace would have more than 65,536 events, or the tracer is closed
     */
    public <T> T probes(MethodHandles.Lookup place, Class<T> provider) {
        return providers.probes(place, provider);
    }

    /** {@return the folder of this tracer: the given one, or its subfolder of this run} */
    public Path folder() {
        return recording.folder();
    }

    /** {@return the probes of all providers that were implemented so far} */
    public List<Probe> probes() {
        return List.copyOf(providers.all());
    }

    /**
     * Returns the probe of an event.
     *
     * @param event the name of the event: {@code provider:event}
     * @return the probe
     * @throws IllegalArgumentException if no provider has declared the event yet
     */
    public Probe probe(String event) {
        return providers.probe(event);
    }

    /**
     * Counts a lost event in {@link TracerStats#lost}. A bridge from a logging library calls this method if it fails
     * before it calls the probe.
     */
    public void countLost() {
        recording.counts().lost();
    }

    /**
     * Enables events, including events of later providers. All events are enabled at first.
     *
     * @param pattern {@code provider:event}, where {@code *} matches any characters; or {@code *}. The name of a span's
     *     method matches both of its events
     * @return the number of events so far whose names match
     * @throws IllegalArgumentException if the pattern is malformed
     * @throws IllegalStateException if the tracer is closed
     */
    public int enable(String pattern) {
        return providers.enable(pattern);
    }

    /**
     * Disables events, including events of later providers. A call of a disabled event only reads a field.
     *
     * @param pattern a pattern as for {@link #enable}
     * @return the number of events so far whose names match
     * @throws IllegalArgumentException if the pattern is malformed
     * @throws IllegalStateException if the tracer is closed
     */
    public int disable(String pattern) {
        return providers.disable(pattern);
    }

    /**
     * Lets events record one in n of their calls, including events of later providers. The others are left out before
     * anything else is done, and counted: {@link Probe#omitted}, {@link TracerStats#omitted}, and {@code omitted_N} in
     * {@code env} of the trace for the event with number N. A call that is left out takes some nanoseconds. Of the
     * calls of one thread that runs alone, exactly one in n is recorded, not necessarily the first one. If the begin of
     * a span is left out, its end is, too. {@link Probe#address} is not limited.
     *
     * @param pattern a pattern as for {@link #enable}
     * @param oneIn the number n, at least 1; 1 records all calls
     * @return the number of events so far whose names match
     * @throws IllegalArgumentException if the pattern is malformed, or the number is less than 1
     * @throws IllegalStateException if the tracer is closed
     */
    public int sample(String pattern, int oneIn) {
        if (oneIn < 1) {
            throw new IllegalArgumentException("oneIn=" + oneIn + ", must be at least 1");
        }
        return providers.limit(pattern, ProbeRules.Kind.ONE_IN, oneIn);
    }

    /**
     * Lets events record at most a number of calls each second, including events of later providers. A pause saves up
     * to one second of it, so up to that number of calls in a row are recorded, and over any s seconds at most s + 1
     * times the number. The limit is that of the event, over all threads. A call reads the clock; of calls that come
     * fast and are left out, one in 32 does. When such calls become slow, up to 31 more of them for each of up to 64
     * groups of threads are left out. If the event is sampled too ({@link #sample}), the limit applies to the calls
     * that sampling selects. Calls that are left out are counted, as with sampling.
     *
     * @param pattern a pattern as for {@link #enable}
     * @param perSecond the number, at most 10,000,000; 0 records all calls
     * @return the number of events so far whose names match
     * @throws IllegalArgumentException if the pattern is malformed, or the number is out of range
     * @throws IllegalStateException if the tracer is closed
     */
    public int limit(String pattern, int perSecond) {
        if (perSecond < 0 || perSecond > Gate.MAX_PER_SECOND) {
            throw new IllegalArgumentException("perSecond=" + perSecond + ", must be 0 to " + Gate.MAX_PER_SECOND);
        }
        return providers.limit(pattern, ProbeRules.Kind.PER_SECOND, perSecond);
    }

    /**
     * Starts sampling the CPU time of all threads of the process, including threads that the JVM does not know. After
     * each interval of CPU time, a thread records the event {@code cpu:sample} with the address of its next
     * instruction. The thread of the event is the kernel's number, negated. Events {@code cpu:mapping} have the address
     * ranges of libraries and of Java's code; {@code rseq4j trace summary} counts samples by them. When the sampler is
     * closed, the names of compiled methods are written to the trace's folder.
     *
     * <p>The kernel checks the timers at its tick, 100 to 1,000 times a second, so no thread has more samples a second.
     * Threads that live less than some 20 ms may have none. The sampler uses the signal SIGPROF.
     *
     * @param hz the number of samples for each second of CPU time, 1 to {@link CpuSampler#MAX_HZ}
     * @return the sampler; closing it, or the tracer, ends sampling
     * @throws IllegalArgumentException if the number is out of range
     * @throws IllegalStateException if another sampler runs in this process, if SIGPROF has a handler, if the kernel
     *     refuses timers or memory, or if the tracer is closed
     * @throws UnsupportedOperationException without rseq, or if the clock is not the processor's counter
     */
    public CpuSampler sampleCpu(int hz) {
        if (hz < 1 || hz > CpuSampler.MAX_HZ) {
            throw new IllegalArgumentException("hz=" + hz + ", must be 1 to " + CpuSampler.MAX_HZ);
        }
        synchronized (recording.monitor()) {
            recording.requireOpen();
            CpuEvents cpu = providers.probes(CpuEvents.class);
            CpuSampler made = new CpuSampler(Sampling.start(cpu::mapping,
                    recording.setOf("cpu").natives().sampler(probe("cpu:sample").type()), recording.threads(),
                    recording.counts(), hz), recording::writeCodeNames);
            sampler = made;
            return made;
        }
    }

    /** Closes the tracer at exit. The class loader may be closed, so that classes are missing: that is only counted. */
    private void exit() {
        try {
            close();
        } catch (Throwable t) {
            recording.counts().failed(t);
        }
    }

    /**
     * Writes the events that were recorded before this call to the files of the trace. Has no effect on a flight
     * recorder.
     *
     * @throws IOException if events cannot be written; these events stay in the rings
     * @throws IllegalStateException if the tracer is closed
     */
    public void flush() throws IOException {
        recording.flush();
    }

    /**
     * Writes the content of a flight recorder's rings as a trace. Recording continues meanwhile.
     *
     * @param snapshot the folder of the new trace; it is created if it does not exist, and must not hold a trace
     * @throws IOException if the trace cannot be written; the files that were written are removed, and the folder if
     *     this call has created it
     * @throws IllegalStateException if this is a streaming tracer, or if the tracer is closed
     */
    public void snapshot(Path snapshot) throws IOException {
        recording.snapshot(snapshot, () -> {
            if (sampler != null) {
                sampler.recordCode();
            }
            return sampler != null;
        });
    }

    /** {@return the counts of this tracer so far} They are available after {@link #close}, too. */
    public TracerStats stats() {
        return recording.stats(providers.limited().stream().mapToLong(Probe::omitted).sum());
    }

    /**
     * Ends recording. A streaming tracer writes all recorded events first. Events that cannot be written stay in the
     * rings for {@link TraceRecovery}; in rings that end with the process ({@link TracerStats#lostOnKill}) they are
     * lost, and counted in {@link TracerStats#lost}.
     *
     * <p>Afterwards probes record nothing. {@link #folder}, {@link #probes()} and {@link #stats} still work, and
     * closing again has no effect; other methods of the tracer and of its probes throw IllegalStateException. The JVM
     * closes open tracers when it exits.
     */
    @Override
    public void close() {
        CpuSampler sampling;
        synchronized (recording.monitor()) {
            recording.beginClosing();
            sampling = sampler;
        }
        if (sampling != null) {
            sampling.close();
        }
        providers.close();
        if (recording.end()) {
            LooseThread.forgetAtExit(atExit);
            OPEN.remove(this);
        }
    }
}
