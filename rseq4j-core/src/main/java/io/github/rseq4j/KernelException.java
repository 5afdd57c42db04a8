package io.github.rseq4j;

/**
 * The kernel refused a call without which an operation cannot be done. What the operation does then is in its own
 * description; nothing was changed unless that says so.
 */
public final class KernelException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** The call with its arguments. */
    private final String call;
    /** The error number the call answered, positive. */
    private final int errno;

    /**
     * Makes the exception.
     *
     * @param call the call with its arguments, as a person would write it
     * @param errno what it answered, positive
     * @param name the kernel's spelling of that number
     */
    public KernelException(String call, int errno, String name) {
        super(call + " answered " + name);
        this.call = call;
        this.errno = errno;
    }

    /**
     * Returns the call that was refused, with its arguments.
     *
     * @return for example {@code mmap(length=4096)}
     */
    public String call() {
        return call;
    }

    /**
     * Returns the error number.
     *
     * @return a positive number, as in errno(3)
     */
    public int errno() {
        return errno;
    }
}
