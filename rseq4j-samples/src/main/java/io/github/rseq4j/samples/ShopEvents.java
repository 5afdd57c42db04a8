package io.github.rseq4j.samples;

import io.github.rseq4j.trace.Event;
import io.github.rseq4j.trace.Field;
import io.github.rseq4j.trace.Provider;
import io.github.rseq4j.trace.Span;
import io.github.rseq4j.trace.Tracer;

/**
 * The events of {@link Sample07Service}, in three providers: requests, queries and locks. Each method is an event or a
 * span, and its parameters are the fields. {@link Field} names a field whatever the compiler's options are.
 *
 * @param requests the requests
 * @param queries the queries
 * @param locks the locks
 */
record ShopEvents(Requests requests, Queries queries, Locks locks) {
    /** Requests over HTTP. */
    @Provider("shop")
    interface Requests {
        /** A request, from its arrival to its response. */
        Span request(@Field("id") long id, @Field("method") String method, @Field("path") String path);

        /** The parsing of a body. */
        Span parse(@Field("bytes") int bytes);

        /** A response. */
        void response(@Field("status") int status, @Field("bytes") int bytes);
    }

    /** Queries of the database. */
    @Provider("db")
    interface Queries {
        /** The wait for a connection. */
        Span connection();

        /** A query. */
        Span query(@Field("sql") String sql);

        /** The result of a query: the number of rows that it read or changed. */
        void rows(@Field("rows") int rows);
    }

    /** Locks. The ready query {@code lock_order} of {@code rseq4j trace sql} knows locks by the name of their span. */
    @Provider("locks")
    interface Locks {
        /** The wait for a lock. */
        @Event("lock_wait")
        Span waiting(@Field("lock") String lock);

        /** The time in which a thread holds a lock. */
        @Event("lock")
        Span held(@Field("lock") String lock);

        /** The number of threads that wait for a lock. */
        void queue(@Field("lock") String lock, @Field("length") int length);
    }

    /** Makes the probes. */
    static ShopEvents of(Tracer tracer) {
        return new ShopEvents(tracer.probes(Requests.class), tracer.probes(Queries.class), tracer.probes(Locks.class));
    }
}
