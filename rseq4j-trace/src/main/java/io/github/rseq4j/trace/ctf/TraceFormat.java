package io.github.rseq4j.trace.ctf;

/**
 * The version of the Common Trace Format that a trace has. The packets of both versions are the same bytes; only the
 * metadata differs.
 *
 * @since 0.1.0
 */
public enum TraceFormat {
    /** CTF 1.8: the metadata is text in a language of its own. Babeltrace 1.5 and later read it. */
    CTF_1_8,
    /** CTF 2 (CTF2-SPEC-2.0): the metadata is a sequence of JSON texts. Babeltrace 2.1 and later read it. */
    CTF_2
}
