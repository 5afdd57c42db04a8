package io.github.rseq4j.trace;

/** Events that several class loaders declare. */
public interface RedeployMail {
    /** A mail was sent. */
    void sent(long id, String to);

    /** A mail is read. */
    Span read(long id);
}
