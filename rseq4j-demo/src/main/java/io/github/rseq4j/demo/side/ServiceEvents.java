package io.github.rseq4j.demo.side;

import io.github.rseq4j.trace.Event;
import io.github.rseq4j.trace.Field;
import io.github.rseq4j.trace.Provider;
import io.github.rseq4j.trace.Span;

/** The events of the service. A tracer of rseq4j implements them, and so does {@link JfrServiceEvents}. */
@Provider("service")
public interface ServiceEvents {
    /** A request, until its answer is ready. */
    Span request(@Field("id") long id, @Field("method") String method, @Field("path") String path);

    /** The parsing of a document. */
    Span parse(@Field("bytes") int bytes);

    /** A query of the database. */
    Span query(@Field("sql") String sql);

    /** The wait for a lock. */
    @Event("lock_wait")
    Span waiting(@Field("lock") String lock);

    /** The time in which a thread holds a lock. */
    @Event("lock")
    Span held(@Field("lock") String lock);

    /** The writing of an answer as JSON. */
    Span write();

    /** An answer. */
    void answer(@Field("status") int status, @Field("bytes") int bytes);
}
