package io.github.rseq4j.cli.io;

import org.jline.utils.Signals;
import org.jspecify.annotations.Nullable;

/**
 * Ctrl-C as a request to end early, with what was found so far. A second Ctrl-C ends the process at once. While an
 * object of this class is open, SIGINT does not end the process.
 */
public final class Interrupt implements AutoCloseable {
    private static final String SIGNAL = "INT";

    private final Runnable action;
    private final @Nullable Object previous;
    private volatile boolean isRequested;

    /**
     * Begins to handle the signal.
     *
     * @param action runs at the first signal, on a thread of its own, and tells the command to end
     */
    public Interrupt(Runnable action) {
        this.action = action;
        this.previous = Signals.register(SIGNAL, this::take);
    }

    private void take() {
        if (isRequested) {
            // Runs the hooks, which delete temporary files.
            System.exit(ExitStatus.INTERRUPTED);
        }
        isRequested = true;
        action.run();
    }

    /** Tells whether the user has pressed Ctrl-C. */
    public boolean isRequested() {
        return isRequested;
    }

    /** Ends the handling: the signal ends the process again. */
    @Override
    public void close() {
        if (previous != null) {
            Signals.unregister(SIGNAL, previous);
        }
    }
}
