package io.github.rseq4j.kernel;

import io.github.rseq4j.KernelException;

/**
 * The error numbers that this library names in its messages ({@code include/uapi/asm-generic/errno-base.h}).
 */
public final class Errno {
    /** Operation not permitted. */
    public static final int EPERM = 1;
    /** No such file or directory; here: the thread is not registered, and rseq4j may not register it. */
    public static final int ENOENT = 2;
    /** No such process. */
    public static final int ESRCH = 3;
    /** Try again. */
    public static final int EAGAIN = 11;
    /** Out of memory. */
    public static final int ENOMEM = 12;
    /** Permission denied. */
    public static final int EACCES = 13;
    /** Bad address. */
    public static final int EFAULT = 14;
    /** Device or resource busy; rseq(2): the thread has exactly this registration. */
    public static final int EBUSY = 16;
    /** Too many open files in the system. */
    public static final int ENFILE = 23;
    /** Too many open files. */
    public static final int EMFILE = 24;
    /** Invalid argument. */
    public static final int EINVAL = 22;
    /** No space left; shmget(2): the limit of segments is reached. */
    public static final int ENOSPC = 28;
    /** No such system call. */
    public static final int ENOSYS = 38;
    /** Identifier removed. */
    public static final int EIDRM = 43;
    /** Value too large; here: a count would overflow. */
    public static final int EOVERFLOW = 75;
    /** Operation not supported; here: the thread's registration would outlast the memory of its area. */
    public static final int EOPNOTSUPP = 95;
    /** Canceled; here: the thread is ending, and is not registered again. */
    public static final int ECANCELED = 125;

    private Errno() {}

    /**
     * Returns the kernel's spelling of an error number.
     *
     * @param errno the number, positive
     * @return its name, or {@code errno N} for one that is not listed here
     */
    public static String name(int errno) {
        return switch (errno) {
            case EPERM -> "EPERM";
            case ENOENT -> "ENOENT";
            case ESRCH -> "ESRCH";
            case EAGAIN -> "EAGAIN";
            case ENOMEM -> "ENOMEM";
            case EACCES -> "EACCES";
            case EFAULT -> "EFAULT";
            case EBUSY -> "EBUSY";
            case EINVAL -> "EINVAL";
            case ENFILE -> "ENFILE";
            case EMFILE -> "EMFILE";
            case ENOSPC -> "ENOSPC";
            case ENOSYS -> "ENOSYS";
            case EIDRM -> "EIDRM";
            case EOVERFLOW -> "EOVERFLOW";
            case EOPNOTSUPP -> "EOPNOTSUPP";
            case ECANCELED -> "ECANCELED";
            default -> "errno " + errno;
        };
    }

    /**
     * Returns an exception for a refused call.
     *
     * @param call the call with its arguments, as in C
     * @param errno its error number, positive
     */
    public static KernelException refusal(String call, int errno) {
        return new KernelException(call, errno, name(errno));
    }

    /**
     * Returns the result of a call, or throws if the call failed.
     *
     * @param call the call with its arguments, as in C
     * @param result the result: -errno if the call failed
     * @return the result
     * @throws KernelException when it failed
     */
    public static long check(String call, long result) {
        if (result < 0 && result > -4096) {
            throw refusal(call, (int) -result);
        }
        return result;
    }
}
