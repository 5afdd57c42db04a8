package io.github.rseq4j.ir;

/**
 * What an emitted function returns: the result, 0 or more, when everything was committed; else a negative number that
 * tells why not, and how many sections of the chain had been committed before.
 */
public final class Status {
    /** The section was aborted more often than its cap allows; nothing of it happened. */
    public static final int ABORTED = 1;
    /** The thread has no registration. */
    public static final int UNREGISTERED = 2;
    /** An index, a length or a count is beyond its bound. */
    public static final int OUT_OF_RANGE = 3;
    /** Exit n is this number + n. */
    public static final int EXIT = 16;

    private static final int SECTION_SHIFT = 8;
    private static final int CODE_MASK = (1 << SECTION_SHIFT) - 1;

    private Status() {}

    /**
     * Encodes a failure.
     *
     * @param code one of the constants, or {@link #EXIT} + n
     * @param completed how many sections of the chain were committed
     * @return a negative number
     */
    public static long failure(int code, int completed) {
        return -(((long) completed << SECTION_SHIFT) | code);
    }

    /**
     * Returns the code of a failure.
     *
     * @param status a negative status
     */
    public static int code(long status) {
        return (int) -status & CODE_MASK;
    }

    /**
     * Returns how many sections of the chain were committed before the failure.
     *
     * @param status a negative status
     */
    public static int completed(long status) {
        return (int) -status >>> SECTION_SHIFT;
    }

    /**
     * Describes a status for a message.
     *
     * @param status any status
     */
    public static String describe(long status) {
        if (status >= 0) {
            return "done, result " + status;
        }
        int code = code(status);
        String reason = switch (code) {
            case ABORTED -> "aborted too often";
            case UNREGISTERED -> "unregistered";
            case OUT_OF_RANGE -> "out of range";
            default -> code >= EXIT ? "exit " + (code - EXIT) : "unknown status " + status;
        };
        return completed(status) == 0 ? reason : reason + " behind " + completed(status) + " committed sections";
    }
}
