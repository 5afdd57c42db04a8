package io.github.rseq4j.demo.load;

import io.github.rseq4j.demo.side.Kind;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;

/**
 * Clients on loopback, each on a virtual thread: a client sends its next request after the answer to the last one. One
 * more client asks for the report twice a second.
 */
public final class Load implements AutoCloseable {
    private static final int CLIENTS_PER_CPU = 8;
    private static final int MAX_CLIENTS = 64;
    private static final int STORE_EVERY = 5;
    private static final long REPORT_NANOS = TimeUnit.MILLISECONDS.toNanos(500);
    private static final Duration TIMEOUT = Duration.ofSeconds(30);
    private static final int OK = 200;
    private static final int BAD_REQUEST = 400;
    private static final long SPREAD = 31;

    private final Documents documents;
    private final int clients = Math.min(CLIENTS_PER_CPU * Runtime.getRuntime().availableProcessors(), MAX_CLIENTS);
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).executor(threads)
            .build();
    private final LongAdder sent = new LongAdder();

    /**
     * Creates the clients.
     *
     * @param documents the documents that they send
     */
    public Load(Documents documents) {
        this.documents = documents;
    }

    /** Returns the number of clients that send documents. */
    public int clients() {
        return clients;
    }

    /** Returns the number of requests that were answered so far, over all runs. */
    public long sent() {
        return sent.sum();
    }

    /**
     * Sends requests for some time, and waits for all answers.
     *
     * @param service the address of the service
     * @param nanos the time, in nanoseconds; a request that was sent before its end is waited for
     * @return what the clients have counted
     */
    public LoadResult run(URI service, long nanos) throws InterruptedException {
        long start = System.nanoTime();
        List<Future<LoadResult>> running = new ArrayList<>();
        for (int i = 0; i < clients; i++) {
            long first = i * SPREAD;
            running.add(threads.submit(() -> send(service, first, start + nanos)));
        }
        running.add(threads.submit(() -> report(service, start, start + nanos)));
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
        for (long i = 0; System.nanoTime() < end; i++) {
            Document document = documents.get(first + i);
            boolean isStored = i % STORE_EVERY == STORE_EVERY - 1;
            HttpRequest.BodyPublisher body = HttpRequest.BodyPublishers.ofByteArray(document.bytes());
            URI address = service.resolve("/documents/" + (first + i) % documents.size());
            HttpRequest request = HttpRequest.newBuilder(address).method(isStored ? "PUT" : "POST", body)
                    .timeout(TIMEOUT).build();
            exchange(request, !document.isJson() ? Kind.REFUSED : isStored ? Kind.STORE : Kind.READ, result);
        }
        return result;
    }

    private LoadResult report(URI service, long start, long end) throws InterruptedException {
        LoadResult result = new LoadResult();
        HttpRequest request = HttpRequest.newBuilder(service.resolve("/report")).timeout(TIMEOUT).build();
        for (long next = start + REPORT_NANOS / 2; next < end; next += REPORT_NANOS) {
            TimeUnit.NANOSECONDS.sleep(next - System.nanoTime());
            exchange(request, Kind.REPORT, result);
        }
        return result;
    }

    private void exchange(HttpRequest request, Kind kind, LoadResult result) throws InterruptedException {
        int expected = kind == Kind.REFUSED ? BAD_REQUEST : OK;
        long start = System.nanoTime();
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
            result.unexpected(request.method() + " " + request.uri().getPath() + ": " + e);
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
