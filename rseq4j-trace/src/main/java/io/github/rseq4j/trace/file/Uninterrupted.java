package io.github.rseq4j.trace.file;

import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;

/**
 * Runs work on files also on a thread that is interrupted. An interrupt closes the channel that the thread uses. The
 * thread may be one of the traced program, which interrupts its threads for reasons of its own.
 */
public final class Uninterrupted {
    private Uninterrupted() {}

    /** Work that can be repeated if an interrupt ended it. */
    public interface Work<T> {
        T done() throws IOException;
    }

    /**
     * Runs the work, and runs it again each time that an interrupt ended it. If the thread was interrupted before or
     * during the call, its interrupt status is set after the call.
     *
     * @param work the work
     * @param <T> the type of its result
     * @return the result of the work
     * @throws IOException when the work throws it for another reason than an interrupt
     */
    public static <T> T run(Work<T> work) throws IOException {
        boolean isInterrupted = Thread.interrupted();
        try {
            while (true) {
                try {
                    return work.done();
                } catch (ClosedByInterruptException _) {
                    isInterrupted |= Thread.interrupted();
                }
            }
        } finally {
            if (isInterrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
