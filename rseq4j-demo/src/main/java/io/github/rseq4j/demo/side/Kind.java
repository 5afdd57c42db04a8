package io.github.rseq4j.demo.side;

/** The kinds of requests, as the service and the load count them. */
public enum Kind {
    /** A document that was parsed, looked up in the database and answered. */
    READ,
    /** A document that was parsed, and stored under the lock of the catalogue. */
    STORE,
    /** A report, which holds the lock of the catalogue for a long query. */
    REPORT,
    /** A document that is not JSON; the answer has status 400. */
    REFUSED,
    /** Any other request or answer. */
    OTHER
}
