package io.github.rseq4j.demo.load;

import io.github.rseq4j.demo.side.Kind;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;

/**
 * Clients on loopback, on virtual threads, which send documents. One more client asks for the report twice a second.
 * The clients send as fast as they are answered, which measures the capacity of the service, or by a {@link Schedule},
 * which measures its latency.
 */
public final class Load implements AutoCloseable {
    /* How it works
     *
     * Closed loop: a client sends its next document after the answer to the last one. So the service is never asked for
     * more than it can do, and the answers of a second are its capacity. The latencies are of no use: while the service
     * stalls the clients send nothing, and a stall of a second is one slow request for each client, although a second's
     * requests would have met it (coordinated omission; Gil Tene, wrk2 and HdrHistogram).
     *
     * Schedule: the times of all documents are fixed before the first one. A client takes the next document of the
     * schedule, sleeps until its time, and sends it. The latency counts from that time on. A document whose time comes
     * while all clients wait for answers is sent late, and its delay is a part of its latency. So the number of clients
     * bounds the connections and the memory, and hides nothing. A thread for each document was refused: it has no bound
     * while the service stalls.
     */
    private static final int CLIENTS_PER_CPU = 8;
    private static final int MAX_CLIENTS = 64;
    private static final int MAX_SCHEDULED_CLIENTS = 256;
    /** All clients together send at most this many bytes at a time. Parsed, each takes up to 30 bytes of heap. */
    private static final long BYTES_AT_A_TIME = 8L << 20;
    private static final int STORE_EVERY = 5;
    private static final long REPORT_NANOS = TimeUnit.MILLISECONDS.toNanos(500);
    /** The time between the start of the clients and the first document of a schedule. */
    private static final long LEAD_NANOS = TimeUnit.MILLISECONDS.toNanos(20);
    private static final long LONGEST_SLEEP_NANOS = TimeUnit.MILLISECONDS.toNanos(500);
    private static final Duration TIMEOUT = Duration.ofSeconds(30);
    private static final int OK = 200;
    private static final int BAD_REQUEST = 400;
    private static final long SPREAD = 31;

    private final Documents documents;
    private final int clients;
    private final int scheduledClients;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).executor(threads)
            .build();
    private final LongAdder sent = new LongAdder();
    private volatile boolean isStopped;

    /**
     * Creates the clients.
     *
     * @param documents the documents that they send
     */
    public Load(Documents documents) {
        this(documents, MAX_SCHEDULED_CLIENTS);
    }

    /** Creates clients, of which at most some send documents of a schedule. */
    Load(Documents documents, int maxScheduledClients) {
        this.documents = documents;
        long most = BYTES_AT_A_TIME / Math.max(1, documents.largestBytes());
        clients = Math.clamp(most, 1,
                Math.min(CLIENTS_PER_CPU * Runtime.getRuntime().availableProcessors(), MAX_CLIENTS));
        scheduledClients = Math.clamp(most, 1, maxScheduledClients);
    }

    /** Returns the number of clients of the closed loop that send documents. */
    public int clients() {
        return clients;
    }

    /** Returns the greatest number of documents of a schedule that wait for their answers at a time. */
    public int scheduledClients() {
        return scheduledClients;
    }

    /** Returns the number of requests that were answered so far, over all runs. */
    public long sent() {
        return sent.sum();
    }

    /**
     * Ends this run and all later ones early. The clients send nothing more, and wait for the answers to all that was
     * sent, so their counts stay exact. Any thread may call this.
     */
    public void stop() {
        isStopped = true;
    }

    /** Returns whether the runs end early. */
    public boolean isStopped() {
        return isStopped;
    }

    /**
     * Sends documents for some time, each client the next one after the answer to the last one, and waits for all
     * answers.
     *
     * @param service the address of the service
     * @param nanos the time, in nanoseconds; a request that was sent before its end is waited for
     * @return the clients' counts
     */
    public LoadResult run(URI service, long nanos) throws InterruptedException {
        long start = System.nanoTime();
        List<Callable<LoadResult>> tasks = new ArrayList<>();
        for (int i = 0; i < clients; i++) {
            long first = i * SPREAD;
            tasks.add(() -> send(service, first, start + nanos));
        }
        tasks.add(() -> report(service, start, start + nanos, false));
        return all(tasks, start);
    }

    /**
     * Sends the documents of a schedule, all of them, and waits for all answers.
     *
     * @param service the address of the service
     * @param schedule the times of the documents
     * @return the clients' counts; latencies count from the times of the schedule
     */
    public LoadResult run(URI service, Schedule schedule) throws InterruptedException {
        long start = System.nanoTime() + LEAD_NANOS;
        AtomicLong next = new AtomicLong();
        List<Callable<LoadResult>> tasks = new ArrayList<>(Collections.nCopies(
                (int) Math.min(scheduledClients, schedule.documents()), () -> send(service, schedule, start, next)));
        tasks.add(() -> report(service, start, start + schedule.nanos(), true));
        return all(tasks, start);
    }

    private LoadResult all(List<Callable<LoadResult>> tasks, long start) throws InterruptedException {
        List<Future<LoadResult>> running = tasks.stream().map(threads::submit).toList();
        LoadResult all = new LoadResult();
        try {
            for (Future<LoadResult> each : running) {
                all.add(each.get());
            }
        } catch (ExecutionException e) {
            throw new IllegalStateException("a client of the load failed: " + e.getCause(), e);
        } finally {
            running.forEach(each -> each.cancel(true));
        }
        all.setNanos(System.nanoTime() - start);
        return all;
    }

    private LoadResult send(URI service, long first, long end) throws InterruptedException {
        LoadResult result = new LoadResult();
        for (long i = 0; System.nanoTime() < end && !isStopped; i++) {
            send(service, first + i, isStored(i), System.nanoTime(), result);
        }
        return result;
    }

    private LoadResult send(URI service, Schedule schedule, long start, AtomicLong next) throws InterruptedException {
        LoadResult result = new LoadResult();
        long documents = schedule.documents();
        for (long i = next.getAndIncrement(); i < documents && !isStopped; i = next.getAndIncrement()) {
            long time = start + schedule.nanosOf(i);
            if (sleepUntil(time)) {
                send(service, i, isStored(i), time, result);
            }
        }
        return result;
    }

    private static boolean isStored(long number) {
        return number % STORE_EVERY == STORE_EVERY - 1;
    }

    /** Sleeps until a time, or until the load is told to stop. Returns whether it was not. */
    private boolean sleepUntil(long nanoTime) throws InterruptedException {
        for (long left = nanoTime - System.nanoTime(); left > 0 && !isStopped; left = nanoTime - System.nanoTime()) {
            TimeUnit.NANOSECONDS.sleep(Math.min(left, LONGEST_SLEEP_NANOS));
        }
        return !isStopped;
    }

    private void send(URI service, long number, boolean isStored, long start, LoadResult result)
            throws InterruptedException {
        // Moved on by one in each pass, so that other documents are stored than in the last pass.
        long index = (number + number / documents.size()) % documents.size();
        Document document = documents.get(index);
        HttpRequest request = HttpRequest.newBuilder(service.resolve("/documents/" + index))
                .method(isStored ? "PUT" : "POST", HttpRequest.BodyPublishers.ofByteArray(document.bytes()))
                .timeout(TIMEOUT).build();
        exchange(request, !document.isJson() ? Kind.REFUSED : isStored ? Kind.STORE : Kind.READ, start, result);
    }

    private LoadResult report(URI service, long start, long end, boolean isScheduled) throws InterruptedException {
        LoadResult result = new LoadResult();
        HttpRequest request = HttpRequest.newBuilder(service.resolve("/report")).timeout(TIMEOUT).build();
        for (long next = start + REPORT_NANOS / 2; next < end && !isStopped; next += REPORT_NANOS) {
            if (sleepUntil(next)) {
                exchange(request, Kind.REPORT, isScheduled ? next : System.nanoTime(), result);
            }
        }
        return result;
    }

    /** Sends a request, whose latency counts from a start, and counts its answer. */
    private void exchange(HttpRequest request, Kind kind, long start, LoadResult result) throws InterruptedException {
        int expected = kind == Kind.REFUSED ? BAD_REQUEST : OK;
        try {
            HttpResponse<byte[]> answer = http.send(request, HttpResponse.BodyHandlers.ofByteArray());
            long nanos = System.nanoTime() - start;
            if (answer.statusCode() == expected && answer.body().length > 0) {
                result.add(kind, nanos);
                sent.increment();
            } else {
                result.unexpected(request.method() + " " + request.uri().getPath() + ": status " + answer.statusCode()
                        + ", expected " + expected);
            }
        } catch (IOException e) {
            result.unanswered(kind, request.method() + " " + request.uri().getPath() + ": " + e);
        }
    }

    /** Returns the text at an address. */
    public String text(URI address) throws IOException, InterruptedException {
        return http.send(HttpRequest.newBuilder(address).timeout(TIMEOUT).build(),
                HttpResponse.BodyHandlers.ofString()).body();
    }

    @Override
    public void close() {
        http.shutdownNow();
        threads.shutdownNow();
    }
}
