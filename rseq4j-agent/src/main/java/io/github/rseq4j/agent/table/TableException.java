package io.github.rseq4j.agent.table;

/** Thrown if a process has no table, or one that cannot be read. The message states the reason and the remedy. */
public final class TableException extends Exception {
    private static final long serialVersionUID = 1L;

    private final boolean isEnd;

    TableException(String message) {
        this(message, false);
    }

    TableException(String message, boolean isEnd) {
        super(message);
        this.isEnd = isEnd;
    }

    /** Tells whether the process has ended, so that nothing is wrong with the table. */
    public boolean isEnd() {
        return isEnd;
    }

    @Override
    public String getMessage() {
        return String.valueOf(super.getMessage());
    }
}
