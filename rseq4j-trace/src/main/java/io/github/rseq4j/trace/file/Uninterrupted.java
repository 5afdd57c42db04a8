package io.github.rseq4j.trace.file;

import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;

/**
 * Work with files that an interruption of the thread does not end. A channel is closed when a thread that uses it is
 * interrupted; whose thread that is, and why it is interrupted, is the traced program's own affair.
 */
public final class Uninterrupted {
    private Uninterrupted() {}

    /** Something that may be done again when it was not done. */
    public interface Work<T> {
        T done() throws IOException;
    }

    /**
     * Does it, and once more for each interruption that comes between. The thread is interrupted behind it if it was
     * before, or came to be.
     *
     * @param work what is done
     * @param <T> what it returns
     * @return what it returned
     * @throws IOException when it throws for another reason
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
