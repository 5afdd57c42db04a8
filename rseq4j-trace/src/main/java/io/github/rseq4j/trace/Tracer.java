package io.github.rseq4j.trace;

import io.github.rseq4j.KernelException;
import io.github.rseq4j.trace.cpu.Sampling;
import io.github.rseq4j.trace.ring.RingFunctions;
import io.github.rseq4j.trace.ring.Rings;
import io.github.rseq4j.trace.thread.LooseThread;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Records events of this process in the Common Trace Format, which Babeltrace 2, Trace Compass and {@code rseq4j trace}
 * read: some ten nanoseconds each, from any thread, with no lock and no atomic instruction.
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
 *     tracer.disable("requests:cacheMiss");                   // costs the read of a field from now on
 * }
 * }
 *
 * <p>Each CPU has a ring of sub-buffers in shared memory. An event is one restartable sequence: it reads the clock,
 * writes the record, and commits. What happens once in a sub-buffer is another one. So each CPU's events are in order,
 * and what was committed outlives the process, though not the machine: {@link TraceRecovery}.
 *
 * <p><b>Threads.</b> Every method may be called from any thread. The trace names the threads that recorded events: at
 * most some thousand, those that live first.
 *
 * <p><b>Failures.</b> The traced program never fails because of it: what cannot be recorded or written is counted, see
 * {@link #stats}. Only the methods of this class throw.
 *
 * <p><b>Memory.</b> For each CPU that records events a ring of {@link TracerOptions#withSubBuffers}, 4 MiB where no
 * other is asked for: System V shared memory, and where the kernel refuses that, memory of the process, which is lost
 * when it is killed; {@link TracerStats#lostOnKill} tells. A process that is killed leaves its rings until they are
 * recovered; a machine or a container that ends takes them along.
 *
 * <p><b>Time</b> is the processor's counter where the kernel relies on it, as {@code clock_gettime} does; elsewhere,
 * and with {@code -Drseq4j.trace.clock=monotonic}, it is CLOCK_MONOTONIC, and native code cannot record events.
 *
 * <p><b>Without rseq</b> rings are in the heap, and are gone with the process; events are recorded under a lock for
 * each of a few stripes, which stand for CPUs; see {@link io.github.rseq4j.Rseq#availability()}.
 *
 * <p>Rings, modes and guarantees are after LTTng-UST's (Desnoyers, Dagenais: Lockless multi-core high-throughput
 * buffering scheme for kernel tracing, 2012).
 */
public final class Tracer implements AutoCloseable {
    /* How it works
     *
     * Providers has the probes, which the user calls; Recording has the rings, where they record, and the files.
     *
     * A tracer that is open stays reachable as long as this class does. Its threads do not keep it (LooseThread): when
     * the class loader of this class is collected, the tracer is left as that of a process that was killed.
     */
    private static final Set<Tracer> OPEN = ConcurrentHashMap.newKeySet();

    /** Rings, metadata, files and their thread; tests look at them. */
    final Recording recording;
    private final Providers providers;
    private final Runnable exit = this::exit;
    private final Thread atExit = LooseThread.once("rseq4j-tracer-exit", exit);
    private @Nullable CpuSampler sampler;

    private Tracer(TracerOptions options, boolean isFlightRecorder, TracerFolder files) throws IOException {
        recording = new Recording(options, isFlightRecorder, files);
        try {
            providers = new Providers(recording.channel(), options.fieldBytes(), recording::add, recording.natives());
            Runtime.getRuntime().addShutdownHook(atExit);
            startDrainer();
        } catch (Throwable t) {
            recording.abandon();
            throw t;
        }
    }

    private void startDrainer() {
        try {
            recording.start();
        } catch (Throwable t) {
            LooseThread.forgetAtExit(atExit);
            throw t;
        }
    }

    /** Whatever goes wrong, a lack of memory or of threads, nothing is left that another try would take for a trace. */
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
     * Begins to record into memory, with the default options.
     *
     * @param folder where the files are by which the rings are recovered; it is made;
     *     {@link TracerOptions#withExistingTrace} says what happens where it holds a trace
     * @return the tracer
     * @throws IOException when the files cannot be made, or the kernel refuses memory for code or for a ring; nothing
     *     is left of the tracer then
     */
    public static Tracer flightRecorder(Path folder) throws IOException {
        return flightRecorder(folder, TracerOptions.defaults());
    }

    /**
     * Begins to record into files, with the default options.
     *
     * @param folder where the trace goes; it is made; {@link TracerOptions#withExistingTrace} says what happens where
     *     it holds a trace
     * @return the tracer
     * @throws IOException when the files cannot be made, or the kernel refuses memory for code or for a ring; nothing
     *     is left of the tracer then
     */
    public static Tracer streaming(Path folder) throws IOException {
        return streaming(folder, TracerOptions.defaults());
    }

    /**
     * Begins to record into memory: when a ring is full its oldest events are overwritten, until somebody asks for a
     * {@link #snapshot}.
     *
     * @param folder where the files are by which the rings are recovered; it is made;
     *     {@link TracerOptions#withExistingTrace} says what happens where it holds a trace
     * @param options sizes
     * @return the tracer
     * @throws IOException when the files cannot be made, or the kernel refuses memory for code or for a ring; nothing
     *     is left of the tracer then
     */
    public static Tracer flightRecorder(Path folder, TracerOptions options) throws IOException {
        return make(folder, options, true);
    }

    /**
     * Begins to record into files: a thread writes what is finished; when it cannot follow, what finds no room is
     * discarded, and counted in the trace.
     *
     * @param folder where the trace goes; it is made; {@link TracerOptions#withExistingTrace} says what happens where
     *     it holds a trace
     * @param options sizes and limits
     * @return the tracer
     * @throws IOException when the files cannot be made, or the kernel refuses memory for code or for a ring; nothing
     *     is left of the tracer then
     */
    public static Tracer streaming(Path folder, TracerOptions options) throws IOException {
        return make(folder, options, false);
    }

    /**
     * Returns probes: an implementation of an interface, each of whose methods records an event with its arguments as
     * fields. See {@link Provider} for what the interface may have.
     *
     * @param provider the interface
     * @param <T> the interface
     * @return the implementation, the same each time
     * @throws IllegalArgumentException when the interface cannot be a provider; the message names the method and the
     *     remedy
     * @throws IllegalStateException when the tracer was closed
     */
    public <T> T probes(Class<T> provider) {
        return providers.probes(provider);
    }

    /**
     * Returns probes of an interface that is not public, or in a package that is not exported.
     *
     * @param place the caller's lookup, by {@link MethodHandles#lookup()} in the interface's package
     * @param provider the interface
     * @param <T> the interface
     * @return the implementation, the same each time
     * @throws IllegalArgumentException when the interface cannot be a provider; the message names the method and the
     *     remedy
     * @throws IllegalStateException when the tracer was closed
     */
    public <T> T probes(MethodHandles.Lookup place, Class<T> provider) {
        return providers.probes(place, provider);
    }

    /** {@return the folder that it records to: the one it was made with, or one in that} */
    public Path folder() {
        return recording.folder();
    }

    /** {@return all events of the providers so far, as things that can be switched} */
    public List<Probe> probes() {
        return List.copyOf(providers.all());
    }

    /**
     * Returns one event of a provider as something that can be switched.
     *
     * @param event its name in the trace: {@code provider:event}
     * @return the probe
     * @throws IllegalArgumentException when no provider has declared such an event yet
     */
    public Probe probe(String event) {
        return providers.probe(event);
    }

    /**
     * Counts an event that a bridge could not bring to its probe: it is one more in {@link TracerStats#lost}. Any
     * thread.
     */
    public void countLost() {
        recording.counts().lost();
    }

    /**
     * Enables events, also of providers to come. All events are enabled at first.
     *
     * @param pattern {@code provider:event}, in which {@code *} stands for any characters; or {@code *}. A span's
     *     method names both of its events
     * @return how many there are now
     * @throws IllegalArgumentException when there is no such pattern
     * @throws IllegalStateException when the tracer was closed
     */
    public int enable(String pattern) {
        return providers.enable(pattern);
    }

    /**
     * Disables events, also of providers to come: they record nothing, and cost their callers the read of a field.
     *
     * @param pattern as for {@link #enable}
     * @return how many there are now
     * @throws IllegalArgumentException when there is no such pattern
     * @throws IllegalStateException when the tracer was closed
     */
    public int disable(String pattern) {
        return providers.disable(pattern);
    }

    /**
     * Begins to record what the process uses CPU time for: after so much CPU time each thread, also one that the JVM
     * does not know, records the event {@code cpu:sample} with the address of its next instruction; which CPU it was on
     * is that of the event, and the thread is the kernel's number of it, made negative. Events {@code cpu:mapping} tell
     * which library, or Java's code, an address is in; {@code rseq4j trace summary} counts them so.
     *
     * <p>The kernel looks at these timers with its tick: no thread has more samples a second than that, 100 to 1,000.
     * Threads that live less than some 20 ms may have none. The signal is SIGPROF.
     *
     * @param hz how many samples a second of CPU time, 1 to {@link CpuSampler#MAX_HZ}
     * @return what ends it; closing the tracer does too
     * @throws IllegalArgumentException when the number is out of range
     * @throws IllegalStateException when somebody else samples in this process or handles SIGPROF, when no
     *     thread can be given a timer, when the kernel refuses memory, or when the tracer was closed
     * @throws UnsupportedOperationException without rseq, or where the clock source is not the processor's counter
     */
    public CpuSampler sampleCpu(int hz) {
        if (hz < 1 || hz > CpuSampler.MAX_HZ) {
            throw new IllegalArgumentException("hz=" + hz + ", must be 1 to " + CpuSampler.MAX_HZ);
        }
        synchronized (recording.monitor()) {
            recording.requireOpen();
            CpuEvents cpu = providers.probes(CpuEvents.class);
            CpuSampler made = new CpuSampler(Sampling.start(cpu::mapping,
                    recording.natives().sampler(probe("cpu:sample").type()), recording.threads(),
                    recording.counts(), hz));
            sampler = made;
            return made;
        }
    }

    /** The class loader may be closed by now, so that classes are missing: the exit goes well all the same. */
    private void exit() {
        try {
            close();
        } catch (Throwable t) {
            recording.counts().failed(t);
        }
    }

    /**
     * Writes what was recorded before to the trace's files. A flight recorder has none, and nothing happens.
     *
     * @throws IOException when something could not be written; it is still in the rings
     * @throws IllegalStateException when the tracer was closed
     */
    public void flush() throws IOException {
        recording.flush();
    }

    /**
     * Writes what a flight recorder holds as a trace, while events are recorded.
     *
     * @param snapshot the folder; it is made, and may not hold a trace
     * @throws IOException when it cannot be written
     * @throws IllegalStateException when this is no flight recorder, or it was closed
     */
    public void snapshot(Path snapshot) throws IOException {
        recording.snapshot(snapshot, () -> {
            if (sampler != null) {
                sampler.recordCode();
            }
        });
    }

    /** {@return what was done so far} */
    public TracerStats stats() {
        return recording.stats();
    }

    /**
     * Ends recording; of a tracer that streams, all that was recorded is written first. What cannot be written is left
     * in the rings, which {@link TraceRecovery} reads; where they end with the process ({@link TracerStats#lostOnKill})
     * these events are counted in {@link TracerStats#lost}. Events that happen later are not recorded.
     * {@link #folder}, {@link #probes()} and {@link #stats} still tell, and closing it again does nothing; all else
     * that is asked of it or of its probes throws IllegalStateException. A tracer that is not closed is closed when the
     * JVM exits.
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
