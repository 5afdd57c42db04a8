package io.github.rseq4j.jackson;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/** Runs one body on many threads. */
final class Threads {
    private Threads() {}

    /** The code of a thread. */
    interface Body {
        void run(int thread) throws Exception;
    }

    /** Runs threads to their ends, and fails with their failures. */
    static void run(int count, boolean virtual, Body body) throws InterruptedException {
        Queue<String> failures = new ConcurrentLinkedQueue<>();
        List<Thread> threads = new ArrayList<>();
        Thread.Builder builder = virtual ? Thread.ofVirtual() : Thread.ofPlatform();
        for (int i = 0; i < count; i++) {
            int own = i;
            threads.add(builder.start(() -> {
                try {
                    body.run(own);
                } catch (Exception | AssertionError e) {
                    failures.add("thread=" + own + ": " + e);
                }
            }));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertEquals(List.of(), List.copyOf(failures));
    }
}
