package io.github.rseq4j.ir;

/**
 * The status that an emitted function returns. It is the result, 0 or more, if every section has committed. Otherwise
 * it is a negative number: the reason, and the number of sections that committed before.
 */
public final class Status {
    /** The section was aborted more often than it may restart. It has committed nothing. */
    public static final int ABORTED = 1;
    /** The thread has no registration. */
    public static final int UNREGISTERED = 2;
    /** An index, a length or a count is above its bound. */
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
     * @param completed the number of sections that have committed
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
     * Returns the number of sections that committed before the failure.
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
        return completed(status) == 0 ? reason : reason + " after " + completed(status) + " committed sections";
    }
}
