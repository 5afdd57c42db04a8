package io.github.rseq4j.agent;

import io.github.rseq4j.agent.table.MethodTable;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** Copies counts that are in private memory to the table, once a second, while the agent is attached. */
final class CountPublisher implements AutoCloseable {
    private static final int SECOND = 1;

    private final MethodTable table;
    private final ScheduledExecutorService executor;

    /**
     * Starts a thread.
     *
     * @param table the table
     */
    CountPublisher(MethodTable table) {
        this.table = table;
        this.executor = Executors.newSingleThreadScheduledExecutor(work -> {
            Thread thread = new Thread(null, work, "rseq4j-agent-counts", 0, false);
            thread.setDaemon(true);
            thread.setContextClassLoader(null);
            return thread;
        });
        // A turn that throws would end the later ones.
        var _ = executor.scheduleWithFixedDelay(this::publish, 0, SECOND, TimeUnit.SECONDS);
    }

    private void publish() {
        try {
            table.publish();
        } catch (RuntimeException _) {
            // The disk may have room again later. The reader sees that the copy is old.
        }
    }

    /** Ends the thread, after a last copy. */
    @Override
    public void close() {
        executor.shutdown();
        publish();
    }
}
