package io.github.rseq4j.samples;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;

/** Clients that send a mix of requests to a shop: mostly orders, some views of products, and seldom a report. */
final class ShopLoad {
    private static final int CLIENTS = 12;
    private static final int REPORT_EVERY = 250;
    private static final int INVALID_EVERY = 50;
    private static final int VIEW_EVERY = 4;
    /** The load ends after this time, however many requests are left. */
    private static final Duration LIMIT = Duration.ofSeconds(60);

    private final URI shop;
    private final int requests;
    private final AtomicInteger sent = new AtomicInteger();
    private final long end = System.nanoTime() + LIMIT.toNanos();

    /** A kind of request. */
    enum Kind {
        /** Buys products. */
        ORDER,
        /** Reads a product. */
        VIEW,
        /** Reads stock and sales of all products. */
        REPORT,
        /** An order of a product that does not exist. */
        INVALID;

        static Kind of(int number) {
            return number % REPORT_EVERY == REPORT_EVERY / 2 ? REPORT
                    : number % INVALID_EVERY == INVALID_EVERY / 2 ? INVALID
                    : number % VIEW_EVERY == 0 ? VIEW : ORDER;
        }
    }

    private ShopLoad(URI shop, int requests) {
        this.shop = shop;
        this.requests = requests;
    }

    /**
     * Sends requests.
     *
     * @return the number of requests of each kind that were answered as expected
     */
    static Map<Kind, Integer> run(URI shop, int requests) throws InterruptedException, ExecutionException {
        ShopLoad load = new ShopLoad(shop, requests);
        Map<Kind, Integer> answered = new EnumMap<>(Kind.class);
        try (HttpClient client = HttpClient.newHttpClient();
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Map<Kind, Integer>>> clients = new ArrayList<>();
            for (int i = 0; i < CLIENTS; i++) {
                clients.add(threads.submit(() -> load.send(client)));
            }
            for (Future<Map<Kind, Integer>> each : clients) {
                each.get().forEach((kind, count) -> answered.merge(kind, count, Integer::sum));
            }
        }
        return answered;
    }

    /** Is one client, which sends its next request after the answer to the last one. */
    private Map<Kind, Integer> send(HttpClient client) throws IOException, InterruptedException {
        Map<Kind, Integer> answered = new EnumMap<>(Kind.class);
        for (int i = sent.getAndIncrement(); i < requests && System.nanoTime() < end; i = sent.getAndIncrement()) {
            Kind kind = Kind.of(i);
            int status = client.send(request(kind, i), BodyHandlers.discarding()).statusCode();
            if (status == (kind == Kind.INVALID ? 400 : 200)) {
                answered.merge(kind, 1, Integer::sum);
            }
        }
        return answered;
    }

    private HttpRequest request(Kind kind, int number) {
        int product = 1 + number % ShopDatabase.PRODUCTS;
        return switch (kind) {
            case VIEW -> HttpRequest.newBuilder(shop.resolve("/products/" + product)).build();
            case REPORT -> HttpRequest.newBuilder(shop.resolve("/report")).build();
            case ORDER -> order(number, product);
            case INVALID -> order(number, 0);
        };
    }

    private HttpRequest order(int customer, int product) {
        return HttpRequest.newBuilder(shop.resolve("/orders")).POST(HttpRequest.BodyPublishers.ofString("""
                {"customer": %d, "lines": [{"product": %d, "quantity": 2}, {"product": 1, "quantity": 1}]}"""
                .formatted(customer, product))).build();
    }
}
