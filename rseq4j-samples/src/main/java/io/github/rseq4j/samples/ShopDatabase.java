package io.github.rseq4j.samples;

import io.github.rseq4j.trace.Span;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;

/** Products and sales in an H2 database in memory, with a few connections, whose queries are spans. */
final class ShopDatabase implements AutoCloseable {
    static final int PRODUCTS = 100;
    private static final int CONNECTIONS = 4;
    private static final List<String> SCHEMA = List.of(
            "CREATE TABLE product(id INT PRIMARY KEY, name VARCHAR(40), price INT)",
            // Without an index on product. The report has to read all sales for each product.
            "CREATE TABLE sale(id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, product INT, customer INT,"
                    + " quantity INT)",
            "INSERT INTO product SELECT x, 'product ' || x, 100 + 7 * x FROM SYSTEM_RANGE(1, " + PRODUCTS + ")",
            "INSERT INTO sale(product, customer, quantity) SELECT 1 + MOD(x, " + PRODUCTS + "), MOD(x, 977),"
                    + " 1 + MOD(x, 3) FROM SYSTEM_RANGE(1, 20000)");
    private static final String PRODUCT = "SELECT id, name, price FROM product WHERE id = ?";
    private static final String SALE = "INSERT INTO sale(product, customer, quantity) VALUES (?, ?, ?)";
    private static final String REPORT = "SELECT p.name, (SELECT SUM(s.quantity) FROM sale s WHERE s.product = p.id)"
            + " FROM product p ORDER BY p.id";

    private final BlockingQueue<Connection> idle = new ArrayBlockingQueue<>(CONNECTIONS);
    private final ShopEvents.Queries events;

    /** A product. */
    record Product(int id, String name, int price) {}

    /** The sales of a product. */
    record Sales(String product, long quantity) {}

    /** The use of a query's statement, which returns what it found and how many rows it read or changed. */
    private interface Use<T> {
        Found<T> run(PreparedStatement statement) throws SQLException;
    }

    private record Found<T>(T value, int rows) {}

    ShopDatabase(ShopEvents.Queries events) throws SQLException {
        this.events = events;
        String url = "jdbc:h2:mem:" + UUID.randomUUID() + ";DB_CLOSE_DELAY=-1";
        for (int i = 0; i < CONNECTIONS; i++) {
            idle.add(DriverManager.getConnection(url));
        }
        try (Statement statement = idle.element().createStatement()) {
            for (String sql : SCHEMA) {
                statement.execute(sql);
            }
        }
    }

    private Connection connection() {
        Connection connection = idle.poll();
        if (connection != null) {
            return connection;
        }
        try (Span _ = events.connection()) {
            return idle.take();
        } catch (InterruptedException e) {
            throw new IllegalStateException("interrupted while waiting for a connection", e);
        }
    }

    private <T> T query(String sql, Use<T> use) throws SQLException {
        Connection connection = connection();
        try (Span _ = events.query(sql); PreparedStatement statement = connection.prepareStatement(sql)) {
            Found<T> found = use.run(statement);
            events.rows(found.rows());
            return found.value();
        } finally {
            idle.add(connection);
        }
    }

    Optional<Product> product(int id) throws SQLException {
        return query(PRODUCT, statement -> {
            statement.setInt(1, id);
            try (ResultSet rows = statement.executeQuery()) {
                return rows.next() ? new Found<>(Optional.of(
                        new Product(rows.getInt(1), rows.getString(2), rows.getInt(3))), 1)
                        : new Found<>(Optional.empty(), 0);
            }
        });
    }

    int insert(ShopServer.Order order) throws SQLException {
        return query(SALE, statement -> {
            for (ShopServer.Line line : order.lines()) {
                statement.setInt(1, line.product());
                statement.setInt(2, order.customer());
                statement.setInt(3, line.quantity());
                statement.addBatch();
            }
            int rows = statement.executeBatch().length;
            return new Found<>(rows, rows);
        });
    }

    List<Sales> report() throws SQLException {
        return query(REPORT, statement -> {
            List<Sales> sales = new ArrayList<>();
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    sales.add(new Sales(rows.getString(1), rows.getLong(2)));
                }
            }
            return new Found<>(sales, sales.size());
        });
    }

    @Override
    public void close() throws SQLException {
        try (Statement statement = connection().createStatement()) {
            statement.execute("SHUTDOWN");
        }
    }
}
