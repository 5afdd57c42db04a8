package io.github.rseq4j.demo.service;

import io.github.rseq4j.demo.side.ServiceEvents;
import io.github.rseq4j.trace.Span;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.locks.ReentrantLock;
import org.h2.jdbcx.JdbcConnectionPool;

/** The documents that were stored, in an H2 database in memory. One lock guards changes and reports. */
final class Catalogue implements AutoCloseable {
    private static final int CONNECTIONS = 64;
    private static final int VISITS = 20_000;
    private static final int REPORTED = 40;
    private static final String LOCK = "catalogue";
    private static final List<String> SCHEMA = List.of(
            "CREATE TABLE document(id INT PRIMARY KEY, nodes INT, bytes INT, stores BIGINT)",
            // Without an index on document. The report has to read all visits for each document.
            "CREATE TABLE visit(id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, document INT, bytes INT)",
            "INSERT INTO visit(document, bytes) SELECT MOD(x, 97), MOD(x, 1009) FROM SYSTEM_RANGE(1, " + VISITS + ")");
    private static final String FIND = "SELECT nodes, bytes, stores FROM document WHERE id = ?";
    private static final String STORE = "MERGE INTO document d USING (VALUES (?, ?, ?)) v(id, nodes, bytes)"
            + " ON d.id = v.id WHEN MATCHED THEN UPDATE SET nodes = v.nodes, bytes = v.bytes, stores = d.stores + 1"
            + " WHEN NOT MATCHED THEN INSERT VALUES (v.id, v.nodes, v.bytes, 1)";
    private static final String REPORT = "SELECT d.x, (SELECT SUM(v.bytes) FROM visit v WHERE v.document = d.x)"
            + " FROM SYSTEM_RANGE(1, " + REPORTED + ") d";

    private final JdbcConnectionPool connections =
            JdbcConnectionPool.create("jdbc:h2:mem:" + UUID.randomUUID() + ";DB_CLOSE_DELAY=-1", "sa", "");
    private final ReentrantLock lock = new ReentrantLock();
    private final ServiceEvents events;

    /** A stored document. */
    record Entry(int nodes, int bytes, long stores) {}

    /** A line of the report. */
    record Line(int document, long visitedBytes) {}

    /** The use of a query's statement. */
    private interface Use<T> {
        T run(PreparedStatement statement) throws SQLException;
    }

    Catalogue(ServiceEvents events) throws SQLException {
        this.events = events;
        connections.setMaxConnections(CONNECTIONS);
        try (Connection connection = connections.getConnection(); Statement statement = connection.createStatement()) {
            for (String sql : SCHEMA) {
                statement.execute(sql);
            }
        }
    }

    private <T> T query(String sql, Use<T> use) throws SQLException {
        try (Span _ = events.query(sql); Connection connection = connections.getConnection();
                PreparedStatement statement = connection.prepareStatement(sql)) {
            return use.run(statement);
        }
    }

    /** Returns a stored document. */
    Optional<Entry> find(int id) throws SQLException {
        return query(FIND, statement -> {
            statement.setInt(1, id);
            try (ResultSet rows = statement.executeQuery()) {
                return rows.next() ? Optional.of(new Entry(rows.getInt(1), rows.getInt(2), rows.getLong(3)))
                        : Optional.empty();
            }
        });
    }

    /** Takes the lock. Returns the time of the wait for it, in nanoseconds: 0 if the lock was free. */
    private long lock() {
        if (lock.tryLock()) {
            return 0;
        }
        long start = System.nanoTime();
        try (Span _ = events.waiting(LOCK)) {
            lock.lock();
        }
        return System.nanoTime() - start;
    }

    /** Stores a document. Returns the time of its wait for the lock, in nanoseconds. */
    long store(int id, int nodes, int bytes) throws SQLException {
        long waitNanos = lock();
        try (Span _ = events.held(LOCK)) {
            query(STORE, statement -> {
                statement.setInt(1, id);
                statement.setInt(2, nodes);
                statement.setInt(3, bytes);
                return statement.executeUpdate();
            });
        } finally {
            lock.unlock();
        }
        return waitNanos;
    }

    /** Reports the visits of the first documents. The long query runs under the lock, so stores that wait are slow. */
    List<Line> report() throws SQLException {
        long _ = lock();
        try (Span _ = events.held(LOCK)) {
            return query(REPORT, statement -> {
                List<Line> lines = new ArrayList<>();
                try (ResultSet rows = statement.executeQuery()) {
                    while (rows.next()) {
                        lines.add(new Line(rows.getInt(1), rows.getLong(2)));
                    }
                }
                return lines;
            });
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() {
        connections.dispose();
    }
}
