package io.github.rseq4j.samples;

import io.github.rseq4j.trace.Span;
import java.util.concurrent.locks.ReentrantLock;

/** A lock whose trace shows which thread holds it, and how long and how many others wait. */
final class ShopLock {
    private final ReentrantLock lock = new ReentrantLock();
    private final String name;
    private final ShopEvents.Locks events;

    /** Work under the lock. */
    interface Work<T, E extends Exception> {
        /** Does the work. */
        T run() throws E;
    }

    ShopLock(String name, ShopEvents.Locks events) {
        this.name = name;
        this.events = events;
    }

    /** Does some work while this thread holds the lock. */
    <T, E extends Exception> T hold(Work<T, E> work) throws E {
        // A lock that is free at once is no wait.
        if (!lock.tryLock()) {
            await();
        }
        try (Span _ = events.held(name)) {
            return work.run();
        } finally {
            lock.unlock();
        }
    }

    private void await() {
        events.queue(name, lock.getQueueLength() + 1);
        try (Span _ = events.waiting(name)) {
            lock.lock();
        }
        events.queue(name, lock.getQueueLength());
    }
}
