package io.github.rseq4j.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

/** Threads of a test that run at the same time. The test fails with what any of them throws. */
public final class Crowd {
    private final Queue<String> failures = new ConcurrentLinkedQueue<>();
    private final List<Thread> threads = new ArrayList<>();
    private final AtomicInteger running = new AtomicInteger();

    private Crowd() {}

    /** The work of a thread. */
    public interface Body {
        /**
         * Does the work.
         *
         * @param thread the number of the thread, from 0 on
         */
        void run(int thread);
    }

    /**
     * Starts threads.
     *
     * @param count their number
     * @param virtual whether they are virtual threads
     * @param body the work of each
     */
    public static Crowd start(int count, boolean virtual, Body body) {
        Crowd crowd = new Crowd();
        crowd.running.set(count);
        for (int i = 0; i < count; i++) {
            int own = i;
            Runnable run = () -> crowd.run(body, own);
            crowd.threads.add(virtual ? Thread.ofVirtual().start(run) : Thread.ofPlatform().start(run));
        }
        return crowd;
    }

    private void run(Body body, int thread) {
        try {
            body.run(thread);
        } catch (RuntimeException | Error e) {
            failures.add("thread=" + thread + ": " + e);
        } finally {
            running.decrementAndGet();
        }
    }

    /** Tells whether a body has not ended yet. */
    public boolean isRunning() {
        return running.get() > 0;
    }

    /** Waits for the ends of all threads, and fails if one of them threw. */
    public void join() throws InterruptedException {
        for (Thread thread : threads) {
            thread.join();
        }
        assertEquals(List.of(), List.copyOf(failures));
    }
}
