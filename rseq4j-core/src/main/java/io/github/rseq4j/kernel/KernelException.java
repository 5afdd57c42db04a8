package io.github.rseq4j.kernel;

/** A system call failed: the message names the call and what it answered. */
public final class KernelException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** The error number the call answered, positive. */
    private final int errno;

    /**
     * Makes the exception.
     *
     * @param call the call with its arguments, as a person would write it
     * @param errno what it answered, positive
     */
    public KernelException(String call, int errno) {
        super(call + " answered " + Errno.name(errno));
        this.errno = errno;
    }

    /** Returns the error number, positive. */
    public int errno() {
        return errno;
    }

    /**
     * Passes a result on, or throws when it says that the call failed.
     *
     * @param call the call with its arguments, as a person would write it
     * @param result what the call returned: -errno when it failed
     * @return the result
     */
    public static long check(String call, long result) {
        if (result < 0 && result > -4096) {
            throw new KernelException(call, (int) -result);
        }
        return result;
    }
}
