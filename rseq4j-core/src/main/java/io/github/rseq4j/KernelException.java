package io.github.rseq4j;

/**
 * Thrown if the kernel refuses a system call that an operation needs. The operation has changed nothing, unless its own
 * description says otherwise. Any thread may read the exception.
 *
 * @since 0.1.0
 */
public final class KernelException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** The call with its arguments. */
    private final String call;
    /** The error number that the call returned, positive. */
    private final int errno;

    /**
     * Creates the exception.
     *
     * @param call the call with its arguments, as text
     * @param errno the error number that the call returned, positive
     * @param name the kernel's name of this number, such as {@code ENOMEM}
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
