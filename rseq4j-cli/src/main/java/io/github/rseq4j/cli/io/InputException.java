package io.github.rseq4j.cli.io;

import io.github.rseq4j.analysis.text.Printable;
import io.github.rseq4j.trace.file.RegularFile;
import java.io.UncheckedIOException;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.util.Objects;

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

    /**
     * Returns the exception of a file or folder that cannot be read.
     *
     * @param request the option and the path that the user gave
     * @param path the same path
     * @param e the failure, which may name a file inside of the folder
     * @param remedy the remedy
     */
    public static InputException unreadable(String request, Path path, Exception e, String remedy) {
        Throwable cause = e instanceof UncheckedIOException unchecked
                ? Objects.requireNonNull(unchecked.getCause()) : e;
        String at = cause instanceof FileSystemException f && f.getFile() != null ? f.getFile() : path.toString();
        return new InputException(request + ": " + (at.equals(path.toString()) ? "" : Printable.name(at) + " ")
                + "cannot be read: " + RegularFile.why(e) + "; " + remedy);
    }

    /** Returns the exit status of the command. */
    public int status() {
        return status;
    }
}
