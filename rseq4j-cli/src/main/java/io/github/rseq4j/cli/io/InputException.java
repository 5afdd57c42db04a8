package io.github.rseq4j.cli.io;

/** Thrown if a command cannot do what the user asked. The message states the request, the problem and the remedy. */
public final class InputException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int status;

    /**
     * Creates the exception of a command line that the user must change.
     *
     * @param message the request, the problem and the remedy
     */
    public InputException(String message) {
        this(message, ExitStatus.USAGE);
    }

    private InputException(String message, int status) {
        super(message);
        this.status = status;
    }

    /**
     * Returns the exception of a correct command line whose request the machine or another process refuses.
     *
     * @param message the request, the problem and the remedy
     */
    public static InputException cannot(String message) {
        return new InputException(message, ExitStatus.CANNOT);
    }

    /**
     * Returns the exception of a file that is damaged.
     *
     * @param message the request, the problem and the remedy
     */
    public static InputException damaged(String message) {
        return new InputException(message, ExitStatus.DAMAGED);
    }

    /** Returns the exit status of the command. */
    public int status() {
        return status;
    }
}
