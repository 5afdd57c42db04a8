package io.github.rseq4j.agent.table;

/** Thrown if a process has no table, or one that cannot be read. The message states the reason and the remedy. */
public final class TableException extends Exception {
    private static final long serialVersionUID = 1L;

    TableException(String message) {
        super(message);
    }
}
