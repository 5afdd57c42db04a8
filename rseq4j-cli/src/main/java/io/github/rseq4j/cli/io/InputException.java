package io.github.rseq4j.cli.io;

/** Thrown if the user's input cannot be used. The message states the input, the problem and the remedy. */
public final class InputException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public InputException(String message) {
        super(message);
    }
}
