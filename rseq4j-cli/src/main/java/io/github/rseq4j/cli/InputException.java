package io.github.rseq4j.cli;

/** What the user gave cannot be used: the message says what was given, what was found and what to do. */
final class InputException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    InputException(String message) {
        super(message);
    }
}
