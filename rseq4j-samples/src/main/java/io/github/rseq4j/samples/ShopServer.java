package io.github.rseq4j.samples;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.github.rseq4j.jackson.PerCpuRecyclerPool;
import io.github.rseq4j.trace.Span;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import tools.jackson.core.JacksonException;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.json.JsonMapper;

/** A shop over HTTP: {@code POST /orders}, {@code GET /products/ID} and {@code GET /report}. */
final class ShopServer implements AutoCloseable {
    private static final int OK = 200;
    private static final int BAD_REQUEST = 400;
    private static final int NOT_FOUND = 404;
    private static final int CONFLICT = 409;
    private static final int FAILED = 500;
    private static final int STOCK = 100_000;
    private static final String PRODUCTS = "/products/";

    private final JsonMapper json = JsonMapper.builder(
            JsonFactory.builder().recyclerPool(PerCpuRecyclerPool.shared()).build()).build();
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final AtomicLong requests = new AtomicLong();
    private final HttpServer server;
    private final ShopDatabase database;
    private final ShopEvents events;

    /** Guards {@link #stock}. */
    private final ShopLock inventory;
    private final int[] stock = new int[ShopDatabase.PRODUCTS + 1];
    /** Guards {@link #sold}. A thread that holds both locks took that of the inventory first. */
    private final ShopLock ledger;
    private long sold;

    /** A line of an order. */
    record Line(int product, int quantity) {}

    /** An order. */
    record Order(int customer, List<Line> lines) {
        Order {
            lines = List.copyOf(lines);
        }
    }

    /** A product and its stock. */
    record Offer(ShopDatabase.Product product, int stock) {}

    /** The report: stock and sales of the same moment. */
    record Report(long stock, long sold, List<ShopDatabase.Sales> sales) {}

    /** An answer without a value. */
    record Outcome(String outcome) {}

    private record Answer(int status, Object body) {}

    ShopServer(ShopDatabase database, ShopEvents events) throws IOException {
        this.database = database;
        this.events = events;
        inventory = new ShopLock("inventory", events.locks());
        ledger = new ShopLock("ledger", events.locks());
        Arrays.fill(stock, STOCK);
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", this::serve);
        server.setExecutor(threads);
        server.start();
    }

    URI address() {
        return URI.create("http://" + server.getAddress().getAddress().getHostAddress() + ":"
                + server.getAddress().getPort());
    }

    private void serve(HttpExchange exchange) throws IOException {
        String method = exchange.getRequestMethod();
        String path = exchange.getRequestURI().getPath();
        try (exchange; Span _ = events.requests().request(requests.incrementAndGet(), method, path)) {
            Answer answer = answer(exchange, method + " " + path);
            byte[] body = json.writeValueAsBytes(answer.body());
            exchange.getResponseHeaders().set("Content-Type", "application/json");
            exchange.sendResponseHeaders(answer.status(), body.length);
            exchange.getResponseBody().write(body);
            events.requests().response(answer.status(), body.length);
        }
    }

    private Answer answer(HttpExchange exchange, String request) throws IOException {
        try {
            if (request.equals("POST /orders")) {
                return order(exchange.getRequestBody().readAllBytes());
            }
            if (request.equals("GET /report")) {
                return new Answer(OK, report());
            }
            return request.startsWith("GET " + PRODUCTS)
                    ? product(Integer.parseInt(request.substring(("GET " + PRODUCTS).length())))
                    : new Answer(NOT_FOUND, new Outcome("no such page"));
        } catch (JacksonException | IllegalArgumentException e) {
            return new Answer(BAD_REQUEST, new Outcome(String.valueOf(e.getMessage())));
        } catch (SQLException e) {
            return new Answer(FAILED, new Outcome(String.valueOf(e.getMessage())));
        }
    }

    private Answer order(byte[] body) throws SQLException {
        Order order;
        try (Span _ = events.requests().parse(body.length)) {
            order = json.readValue(body, Order.class);
        }
        for (Line line : order.lines()) {
            if (line.product() < 1 || line.product() >= stock.length || line.quantity() < 1) {
                throw new IllegalArgumentException("no such product or quantity: " + line);
            }
        }
        if (!inventory.hold(() -> take(order.lines()))) {
            return new Answer(CONFLICT, new Outcome("out of stock"));
        }
        int rows = database.insert(order);
        ledger.hold(() -> sold += rows);
        return new Answer(OK, new Outcome("accepted"));
    }

    private boolean take(List<Line> lines) {
        if (lines.stream().anyMatch(line -> stock[line.product()] < line.quantity())) {
            return false;
        }
        lines.forEach(line -> stock[line.product()] -= line.quantity());
        return true;
    }

    private Answer product(int id) throws SQLException {
        Optional<ShopDatabase.Product> product = database.product(id);
        return product.isPresent() ? new Answer(OK, new Offer(product.get(), inventory.hold(() -> stock[id])))
                : new Answer(NOT_FOUND, new Outcome("no such product"));
    }

    /** Reads stock and sales of the same moment. The query runs under both locks: this is what makes orders slow. */
    private Report report() throws SQLException {
        return inventory.hold(() -> ledger.hold(() ->
                new Report(Arrays.stream(stock).asLongStream().sum(), sold, database.report())));
    }

    @Override
    public void close() {
        server.stop(0);
        threads.close();
    }
}
