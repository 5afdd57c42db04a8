package io.github.rseq4j.cli.io;

/** What the user gave cannot be used: the message says what was given, what was found and what to do. */
public final class InputException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public InputException(String message) {
        super(message);
    }
}
